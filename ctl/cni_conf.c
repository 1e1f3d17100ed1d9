// cni_conf.c - what the engine asks: the environment and standard input
// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/cni.h"

#define ID_MAX 200		/* of a container; engines use 64 */

/* --- the environment -------------------------------------------------- */

static const struct {
	const char *name;
	size_t offset;
	const char *needed_by;	/* commands */
} variables[] = {
	{ "CNI_CONTAINERID", offsetof(struct cni, container),
	  " ADD DEL CHECK " },
	{ "CNI_NETNS", offsetof(struct cni, netns), " ADD CHECK " },
	{ "CNI_IFNAME", offsetof(struct cni, ifname), " ADD DEL CHECK " },
	{ "CNI_PATH", offsetof(struct cni, path), " ADD DEL CHECK GC STATUS " },
};

static bool is_word(const char *list, const char *word)
{
	const char *at = strstr(list, word);

	return *word && at && at[-1] == ' ' && at[strlen(word)] == ' ';
}

static void read_environment(struct cni *c)
{
	struct buf missing = { 0 };
	const char *value;
	unsigned int i;

	for (i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		value = getenv(variables[i].name);
		if (!value)
			value = "";
		*(const char **)((char *)c + variables[i].offset) = value;
		if (!*value && is_word(variables[i].needed_by, c->command))
			buf_printf(&missing, "%s%s", missing.len ? "," : "",
				   variables[i].name);
	}
	if (missing.len)
		cni_fail(c, CNI_ENV, NULL, "required env variables [%s] "
			 "missing", buf_text(&missing));
}

/* [a-zA-Z0-9][a-zA-Z0-9_.-]*, as the specification has it for names. */
static bool plain(const char *s)
{
	if (!isalnum((unsigned char)*s))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("_.-", *s))
			return false;
	return true;
}

static void check_environment(const struct cni *c)
{
	const char *s;

	if (*c->container && (!plain(c->container) ||
			      strlen(c->container) > ID_MAX))
		cni_fail(c, CNI_ENV, NULL, "CNI_CONTAINERID: expected "
			 "[a-zA-Z0-9][a-zA-Z0-9_.-]*, %d at most, found %.40s",
			 ID_MAX, c->container);
	if (!*c->ifname)
		return;
	if (strlen(c->ifname) >= IF_NAMESIZE)
		cni_fail(c, CNI_ENV, NULL, "CNI_IFNAME: interface name is too "
			 "long: %.40s", c->ifname);
	if (!strcmp(c->ifname, ".") || !strcmp(c->ifname, ".."))
		cni_fail(c, CNI_ENV, NULL, "CNI_IFNAME: interface name is . "
			 "or ..");
	for (s = c->ifname; *s; s++)
		if (*s == '/' || *s == ':' || isspace((unsigned char)*s))
			cni_fail(c, CNI_ENV, NULL, "CNI_IFNAME: interface "
				 "name contains / or : or whitespace");
}

/* CNI_ARGS: "KEY=VALUE;KEY=VALUE". */
static void read_args(struct cni *c)
{
	const struct { const char *name; const char **value; } known[] = {
		{ "IP", &c->arg_ip }, { "MAC", &c->arg_mac },
		{ "K8S_POD_NAME", &c->arg_pod },
		{ "K8S_POD_NAMESPACE", &c->arg_namespace },
	};
	const char *env = getenv("CNI_ARGS"), *unknown = NULL;
	char *copy = strdup(env ? env : ""), *at, *word, *value;
	bool ignore = false;
	unsigned int i;

	for (word = strtok_r(copy, ";", &at); word;
	     word = strtok_r(NULL, ";", &at)) {
		value = strchr(word, '=');
		if (!value)
			cni_fail(c, CNI_ENV, NULL, "CNI_ARGS: expected "
				 "KEY=VALUE, found %.60s", word);
		*value++ = '\0';
		for (i = 0; i < sizeof(known) / sizeof(*known); i++)
			if (!strcmp(known[i].name, word))
				break;
		if (i < sizeof(known) / sizeof(*known))
			*known[i].value = value;
		else if (!strcmp(word, "IgnoreUnknown"))
			ignore = !strcmp(value, "1") ||
				 !strcasecmp(value, "true");
		else if (strncmp(word, "K8S_", 4))
			unknown = word;
	}
	if (unknown && !ignore)
		cni_fail(c, CNI_ENV, NULL, "CNI_ARGS: unknown key %.60s, and "
			 "IgnoreUnknown is not set", unknown);
}

/* --- the configuration ------------------------------------------------ */

static void check_version(struct cni *c)
{
	const char *asked = plug_str(c->conf, "cniVersion");
	struct buf list = { 0 };
	unsigned int i;

	buf_str(&list, "supported: ");
	/* a configuration without one is of the oldest specification */
	if (!*asked)
		asked = "0.1.0";
	for (i = 0; cni_versions[i]; i++) {
		if (!strcmp(cni_versions[i], asked)) {
			c->version = cni_versions[i];
			return;
		}
		buf_printf(&list, "%s%s", i ? ", " : "", cni_versions[i]);
	}
	cni_fail(c, CNI_VERSION, buf_text(&list), "incompatible CNI versions: "
		 "config is \"%.20s\"", asked);
}

static json_t *object(const struct cni *c, const char *key)
{
	json_t *o = json_object_get(c->conf, key);

	if (o && !json_is_object(o) && !json_is_null(o))
		cni_fail(c, CNI_CONFIG, NULL, "%s: expected an object", key);
	return json_is_object(o) ? o : NULL;
}

static void read_network(struct cni *c)
{
	const char *network = plug_str(c->conf, "network");
	const char *ipam = plug_str(object(c, "ipam"), "type");
	const char *topology = plug_str(c->conf, "topology");

	c->topology = *topology ? topology : NULL;
	c->network = plug_split(strdup(*network ? network : c->name),
				&c->topology);
	if (!plain(c->network) || (c->topology && !plain(c->topology)))
		cni_fail(c, CNI_CONFIG, NULL, "network: expected NETWORK or "
			 "TOPOLOGY/NETWORK, found %.140s", network);
	if (*ipam && strcmp(ipam, "netd"))
		c->ipam = ipam;
	if (c->ipam && strchr(c->ipam, '/'))
		cni_fail(c, CNI_CONFIG, NULL, "ipam.type: expected the name of "
			 "a plugin, found %.100s", c->ipam);
	if (*plug_str(c->conf, "socket"))
		plug_socket = plug_str(c->conf, "socket");
}

void cni_read(struct cni *c)
{
	json_error_t why;
	int err;

	read_environment(c);
	err = plug_input(&c->input);
	if (err)
		cni_fail(c, CNI_IO, NULL, "standard input: %s", strerror(-err));
	c->conf = json_loadb(buf_text(&c->input), c->input.len, 0, &why);
	if (!json_is_object(c->conf))
		cni_fail(c, CNI_DECODE, c->conf ? NULL : why.text,
			 "the network configuration is not a JSON object");
	c->name = plug_str(c->conf, "name");
	if (!*c->name)
		cni_fail(c, CNI_CONFIG, NULL, "missing network name");
	if (!plain(c->name))
		cni_fail(c, CNI_CONFIG, NULL, "invalid characters found in "
			 "network name: %.100s", c->name);
	check_environment(c);
	check_version(c);
	c->runtime = object(c, "runtimeConfig");
	c->prev = object(c, "prevResult");
	read_network(c);
	read_args(c);
	/* one container may have one name of interface in two networks */
	plug_name(c->attachment, "cni", c->name, c->container, c->ifname,
		  NULL);
}
