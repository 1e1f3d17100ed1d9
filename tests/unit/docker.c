// docker.c - what dockerd is answered, without a kernel or a dockerd
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/docker.h"
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char two[] =
	"name: t\n"
	"networks:\n"
	"  web: {mode: nat, subnet: 10.1.0.0/24, subnet6: 'fd00:1::/64'}\n"
	"  db: {subnet: 10.2.0.0/24}\n"
	"  wire: {}\n"
	"attachments:\n"
	"  a: {network: web, type: tap, owner: nobody, publish: [8000:80]}\n";

static const char other[] =
	"name: u\n"
	"namespace: u\n"
	"networks: {db: {subnet: 10.3.0.0/24}, lan: {subnet: 10.2.0.0/24}}\n";

static struct engine engine;
static char folder[] = "/tmp/netd-test-XXXXXX";

static void add(const char *name, const char *text)
{
	struct entry *en = entry_new(name, NULL, name, text, strlen(text));
	struct buf b = { 0 };

	if (entry_build(&engine, en, &engine.set)) {
		report_print(engine.report, &b);
		fprintf(stderr, "%s", buf_text(&b));
		CHECK(!"the topology is right");
	}
	buf_free(&b);
	topos_put(&engine.set, en);
}

static void begin(void)
{
	struct foreign_link *l;

	CHECK(mkdtemp(folder) && !store_open(&engine.store, folder));
	engine.report = report_new();
	engine.wanted = state_new();
	engine.host = state_new();
	engine.numbers = numbers_new();
	engine.worker.fd = -1;
	((struct fact *)state_add(engine.host, KIND_FACT, "", "default-dev",
				  (struct pos){ 0 }))->value = "eth0";
	l = state_add(engine.host, KIND_LINK, "", "eth0", (struct pos){ 0 });
	l->l.o.foreign = true;
	state_sort(engine.host, NULL, NULL);
	add("t", two);
	add("u", other);
}

static void end(void)
{
	char command[64];
	unsigned int i;

	for (i = 0; i < engine.set.n; i++)
		entry_free(engine.set.v[i]);
	free(engine.set.v);
	state_free(engine.wanted);
	state_free(engine.host);
	numbers_free(engine.numbers);
	report_free(engine.report);
	store_close(&engine.store);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	CHECK(!system(command));
}

static char *ask(const char *method, const char *body)
{
	struct job j = { .kind = (char *)method, .body = (char *)body,
			 .len = strlen(body) };

	report_clear(engine.report);
	job_docker(&engine, &j);
	CHECK(j.code == 200);
	return j.answer;
}

static void answers(const char *method, const char *body, const char *want)
{
	char *is = ask(method, body);

	CHECK_STR(is, want);
	free(is);
}

/* An error, at the key that libnetwork looks at, with these words. */
static void refuses(const char *method, const char *body, const char *words)
{
	const char *key = method[0] == 'I' ? "{\"Error\":\"" : "{\"Err\":\"";
	char *is = ask(method, body);

	if (strncmp(is, key, strlen(key)) || !strstr(is, words))
		CHECK_STR(is, words);
	else
		test_count++;
	free(is);
}

#define POOL "IpamDriver.RequestPool"
#define ADDRESS "IpamDriver.RequestAddress"
#define RELEASE "IpamDriver.ReleaseAddress"
#define CREATE "NetworkDriver.CreateNetwork"

static void pools(void)
{
	answers(POOL, "{\"Pool\": \"10.1.0.0/24\"}",
		"{\"PoolID\":\"t/web/4\",\"Pool\":\"10.1.0.0/24\",\"Data\":"
		"{\"com.docker.network.gateway\":\"10.1.0.1/24\"}}");
	answers(POOL, "{\"Pool\": \"fd00:1::/64\", \"V6\": true}",
		"{\"PoolID\":\"t/web/6\",\"Pool\":\"fd00:1::/64\",\"Data\":"
		"{\"com.docker.network.gateway\":\"fd00:1::1/64\"}}");
	/* libnetwork would look for another one for ever */
	answers(POOL, "{\"Options\": {\"netd.network\": \"web\"}}",
		"{\"PoolID\":\"t/web/4\",\"Pool\":\"0.0.0.0/0\",\"Data\":"
		"{\"com.docker.network.gateway\":\"10.1.0.1/24\"}}");
	answers(POOL, "{\"Options\": {\"netd.network\": \"t/db\"},"
		"\"Pool\": \"10.2.0.0/24\", \"SubPool\": \"10.2.0.64/26\"}",
		"{\"PoolID\":\"t/db/4/10.2.0.64/26\","
		"\"Pool\":\"10.2.0.0/24\",\"Data\":"
		"{\"com.docker.network.gateway\":\"0.0.0.0/0\"}}");
	refuses(POOL, "{\"Options\": {\"netd.network\": \"db\"}}",
		"is in t and in u: say which");
	refuses(POOL, "{\"Options\": {\"netd.network\": \"t/db\"},"
		"\"V6\": true}", "no subnet6");
	refuses(POOL, "{\"Options\": {\"netd.network\": \"wire\"}}",
		"no subnet");
	refuses(POOL, "{\"Options\": {\"netd.network\": \"v/db\"}}",
		"no network v/db");
	refuses(POOL, "{\"Pool\": \"10.2.0.0/24\"}", "say which");
	refuses(POOL, "{\"Pool\": \"10.2.0.0/99\"}", "not a subnet");
	refuses(POOL, "{\"Pool\": \"10.1.0.0/24\","
		"\"SubPool\": \"10.9.0.0/26\"}", "not a part");
	refuses(POOL, "{\"SubPool\": \"10.1.0.0/26\"}", "--ipam-opt");
	refuses(POOL, "[]", "expected an object");
	refuses(POOL, "", "expected an object");
}

#define GATEWAY \
	"\"Options\": {\"RequestAddressType\": \"com.docker.network.gateway\"}"

static void addresses(void)
{
	answers(ADDRESS, "{\"PoolID\": \"t/web/4\", " GATEWAY "}",
		"{\"Address\":\"10.1.0.1/24\"}");
	answers(ADDRESS, "{\"PoolID\": \"t/web/6\", " GATEWAY
		", \"Address\": \"fd00:1::1\"}",
		"{\"Address\":\"fd00:1::1/64\"}");
	refuses(ADDRESS, "{\"PoolID\": \"t/web/4\", " GATEWAY
		", \"Address\": \"10.1.0.9\"}", "is 10.1.0.1");
	refuses(ADDRESS, "{\"PoolID\": \"t/db/4\", " GATEWAY "}",
		"no gateway");
	refuses(ADDRESS, "{\"PoolID\": \"t/web/4\","
		"\"Address\": \"10.9.0.1\"}", "not in the subnet");
	refuses(ADDRESS, "{\"PoolID\": \"t/web/4\", \"Address\": \"x\"}",
		"not an address");
	refuses(ADDRESS, "{\"PoolID\": \"t/web/4\","
		"\"Address\": \"10.1.0.1\"}", "is taken by the host");
	refuses(ADDRESS, "{\"PoolID\": \"t/web/4\","
		"\"Address\": \"10.1.0.2\"}", "10.1.0.2 of network web is "
		"taken by a");
	refuses(ADDRESS, "{\"PoolID\": \"t/web/4/10.1.0.0/31\"}", "is free");
	refuses(ADDRESS, "{\"PoolID\": \"t/web/5\"}", "no pool");
	refuses(ADDRESS, "{\"PoolID\": \"t/web/\"}", "no pool");
	refuses(ADDRESS, "{\"PoolID\": \"t\"}", "no pool");
	refuses(ADDRESS, "{\"PoolID\": \"\"}", "no pool");
	refuses(ADDRESS, "{\"PoolID\": 4}", "no pool");
	refuses(ADDRESS, "{\"PoolID\": \"#10.1.0.1\"}", "no pool");
	refuses(ADDRESS, "{\"PoolID\": \"#0.1.2.3\"}", "not known yet");
	answers(RELEASE, "{\"PoolID\": \"t/web/4\","
		"\"Address\": \"10.1.0.99\"}", "{}");
	answers(RELEASE, "{\"PoolID\": \"gone/web/4\","
		"\"Address\": \"10.1.0.99\"}", "{}");
	answers(RELEASE, "{\"PoolID\": \"#0.1.2.3\","
		"\"Address\": \"0.1.2.3\"}", "{}");
}

/* A request to create a network: its options, and its pool and gateway. */
static const char *creation(const char *options, const char *pool,
			    const char *gateway)
{
	static char text[600];

	snprintf(text, sizeof(text), "{\"NetworkID\": \"" ID "\","
		 "\"Options\": {\"com.docker.network.generic\": {%s}},"
		 "\"IPv4Data\": [{\"Pool\": \"%s\", \"Gateway\": \"%s\"}],"
		 "\"IPv6Data\": []}", options, pool, gateway);
	return text;
}

#define WEB "\"netd.network\": \"web\""

static void networks(void)
{
	json_t *o;

	answers(CREATE, creation(WEB, "10.1.0.0/24", "10.1.0.1/24"), "{}");
	o = docker_net_load(&engine, ID);
	CHECK_STR(docker_str(o, "network"), "t/web");
	json_decref(o);
	answers(CREATE, creation("", "10.1.0.0/24", "10.1.0.1/24"), "{}");
	/* without a subnet, by number */
	answers(CREATE, creation("\"netd.network\": \"t/db\"", "0.0.0.0/0",
				 "0.1.2.3/0"), "{}");
	o = docker_net_load(&engine, "0.1.2.3");
	CHECK_STR(docker_str(o, "network"), "t/db");
	json_decref(o);
	refuses(ADDRESS, "{\"PoolID\": \"#0.1.2.3\", " GATEWAY "}",
		"network db has no gateway");
	answers("NetworkDriver.DeleteNetwork", "{\"NetworkID\": \"" ID "\"}",
		"{}");
	CHECK(!docker_net_load(&engine, ID));
	CHECK(!docker_net_load(&engine, "0.1.2.3"));
	answers("NetworkDriver.DeleteNetwork", "{\"NetworkID\": \"" ID "\"}",
		"{}");
	refuses(CREATE, creation("", "0.0.0.0/0", "0.1.2.3/0"),
		"which network");
	refuses(CREATE, creation(WEB, "10.2.0.0/24", "10.2.0.1/24"),
		"is 10.1.0.0/24");
	refuses(CREATE, creation(WEB, "10.1.0.0/24", "10.1.0.7/24"),
		"is 10.1.0.1");
	refuses(CREATE, creation(WEB ", \"x\": \"y\"", "10.1.0.0/24", ""),
		"no such option");
	refuses(CREATE, "{\"NetworkID\": \"../../etc/passwd\"}",
		"hexadecimal");
	refuses(CREATE, "{}", "hexadecimal");
}

static void endpoints(void)
{
	static const char of[] = "{\"NetworkID\": \"" ID "\","
				 "\"EndpointID\": \"" ID "\"}";

	refuses("NetworkDriver.CreateEndpoint", of, "knows nothing");
	answers("NetworkDriver.DeleteEndpoint", of, "{}");
	answers("NetworkDriver.EndpointOperInfo", of, "{\"Value\":{}}");
	answers("NetworkDriver.RevokeExternalConnectivity", of, "{}");
	answers(CREATE, creation(WEB, "10.1.0.0/24", "10.1.0.1/24"), "{}");
	refuses("NetworkDriver.Join", of, "no endpoint 0123456789ab");
	refuses("NetworkDriver.Join", "{\"NetworkID\": \"" ID "\"}",
		"EndpointID");
	refuses("NetworkDriver.CreateEndpoint", "{\"NetworkID\": \"" ID "\","
		"\"EndpointID\": \"" ID "\","
		"\"Interface\": {\"Address\": \"many\"}}", "not an address");
}

/* --- ports --------------------------------------------------------------- */

static void ports(const char *map, const char *want)
{
	struct docker_call c = { .e = &engine };
	char text[400], *is = NULL;
	json_t *list;

	snprintf(text, sizeof(text), "{\"EndpointID\": \"" ID "\","
		 "\"Options\": {\"com.docker.network.portmap\": [%s]}}", map);
	c.in = json_loads(text, 0, NULL);
	CHECK(c.in);
	if (docker_ports(&c, &list)) {
		CHECK_STR(c.why, want);
	} else {
		is = json_dumps(list, JSON_COMPACT);
		CHECK_STR(is, want);
	}
	free(is);
	json_decref(list);
	json_decref(c.in);
}

static void published(void)
{
	ports("", "[]");
	ports("{\"Proto\":6,\"IP\":\"\",\"Port\":80,\"HostIP\":\"\","
	      "\"HostPort\":8081,\"HostPortEnd\":8081}",
	      "[{\"protocol\":\"tcp\",\"port\":8081,\"target-port\":80}]");
	ports("{\"Proto\":17,\"Port\":53,\"HostIP\":\"127.0.0.1\","
	      "\"HostPort\":5353,\"HostPortEnd\":5353}",
	      "[{\"protocol\":\"udp\",\"port\":5353,\"target-port\":53,"
	      "\"listen\":\"127.0.0.1\"}]");
	/* attachment a has the first one of the range */
	ports("{\"Proto\":6,\"Port\":80,\"HostPort\":8000,"
	      "\"HostPortEnd\":8001}",
	      "[{\"protocol\":\"tcp\",\"port\":8001,\"target-port\":80}]");
	ports("{\"Proto\":6,\"Port\":80,\"HostPort\":8000,"
	      "\"HostPortEnd\":8001}, {\"Proto\":6,\"Port\":81,"
	      "\"HostPort\":8000,\"HostPortEnd\":8001}",
	      "no port is free to publish 81/tcp at");
	ports("{\"Proto\":132,\"Port\":80,\"HostPort\":8000}",
	      "netd publishes ports of tcp and udp only");
	ports("{\"Proto\":6,\"Port\":70000}",
	      "expected a port from 1 to 65535");
	ports("{\"Proto\":6,\"HostPort\":80}",
	      "expected a port from 1 to 65535");
}

static void chosen(void)
{
	struct docker_call c = { .e = &engine };
	json_t *list;
	int port;

	c.in = json_loads("{\"EndpointID\": \"" ID "\", \"Options\": {"
			  "\"com.docker.network.portmap\": [{\"Proto\": 6,"
			  "\"Port\": 80, \"HostPort\": 0}]}}", 0, NULL);
	CHECK(!docker_ports(&c, &list));
	port = json_integer_value(json_object_get(json_array_get(list, 0),
						  "port"));
	CHECK(port >= 32768 && port <= 60999);
	json_decref(list);
	json_decref(c.in);
}

int main(void)
{
	begin();
	pools();
	addresses();
	networks();
	endpoints();
	published();
	chosen();
	CHECK(docker_knows(POOL) && !docker_knows("NetworkDriver.Nothing"));
	end();
	return test_end();
}
