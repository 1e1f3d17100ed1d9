// nft.h - the nftables back end: text of nft's own syntax to netlink and back
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_HOST_NFT_NFT_H
#define NETD_HOST_NFT_NFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NFT_PARTS	6	/* parts of a concatenation */
#define NFT_KEYLEN	64	/* NFT_DATA_VALUE_MAXLEN of the kernel */
#define NFT_NAME	64	/* our bound on names of chains and sets */
#define NFT_TEXT	384	/* a key or data as text, with its NUL */
#define NFT_ERR		256	/* an error as text, with its NUL */

/*
 * Types (types.c): one row a data type of nft, by the numbers that nft writes
 * into NFTA_SET_KEY_TYPE (enum datatypes of its source).
 */
enum nft_form {
	NFT_FORM_NUM,		/* symbol or number */
	NFT_FORM_HEX,		/* as above, printed as 0x%08x */
	NFT_FORM_BITS,		/* symbols joined by commas */
	NFT_FORM_IP4,
	NFT_FORM_IP6,
	NFT_FORM_MAC,
	NFT_FORM_NAME,		/* an interface name, in quotes */
	NFT_FORM_VERDICT,
};

enum nft_order { NFT_HOST = 1, NFT_BIG = 2 };	/* nft's enum byteorder */

struct nft_sym {
	const char *name;
	uint32_t value;
};

struct nft_type {
	const char *name;
	uint8_t id;		/* nft's number, 6 bits */
	uint8_t len;		/* bytes; 0: the key says */
	uint8_t order;
	uint8_t form;
	const struct nft_sym *syms;
};

enum nft_type_index {
	T_VERDICT, T_NFPROTO, T_INTEGER, T_HOSTINT, T_IPV4, T_IPV6, T_ETHER,
	T_ETHERTYPE, T_ARPOP, T_PROTO, T_SERVICE, T_ICMP, T_TCPFLAG, T_MARK,
	T_IFINDEX, T_CTSTATE, T_CTDIR, T_CTSTATUS, T_ICMP6, T_PKTTYPE,
	T_ICMPCODE,
	T_ICMP6CODE,
		T_DEVGROUP, T_FIBTYPE, T_BOOL, T_IFNAME, T_IGMP, T_MAX,
};

/* One value: a single one, a prefix or a range; both ends inclusive. */
enum nft_shape { NFT_ONE, NFT_PREFIX, NFT_RANGE };

struct nft_val {
	uint8_t lo[16];
	uint8_t hi[16];
	uint8_t shape;
	uint8_t plen;		/* of a prefix; of a name with `*`: its bytes */
	bool wild;		/* a name that ended in `*` */
};

struct nft_word {
	const char *s;
	uint16_t n;
	bool quoted;
};

#define NFT_WORDS	256

struct nft_words {
	struct nft_word w[NFT_WORDS];
	unsigned int n;
	unsigned int i;		/* the next one to be read */
};

extern const struct nft_type nft_types[T_MAX];

const struct nft_type *nft_type_by_name(const char *s, size_t n);
const struct nft_type *nft_type_by_id(unsigned int id);
int nft_type_number(const char *s, size_t n, uint64_t max, uint64_t *out);
/* Reads one value of @len bytes. 0, or -EINVAL when the word is none. */
int nft_type_parse(const struct nft_type *t, unsigned int len,
		   const struct nft_word *w, struct nft_val *v);
/* Prints what lies between lo and hi as nft does; returns its length. */
unsigned int nft_type_print(const struct nft_type *t, unsigned int len,
			    const uint8_t *lo, const uint8_t *hi,
			    char *buf, size_t size);

/* Splits a line into words; -E2BIG when there are too many, -EINVAL on an
 * open quote. Words point into @s. */
int nft_words_split(struct nft_words *ws, const char *s, size_t n);
const struct nft_word *nft_words_next(struct nft_words *ws);
bool nft_words_is(const struct nft_words *ws, unsigned int ahead,
		  const char *s);
bool nft_words_take(struct nft_words *ws, const char *s);
/* How many words the phrase has, when they are the next ones; else 0. */
unsigned int nft_words_phrase(const struct nft_words *ws, const char *phrase);

/*
 * Keys (keys.c): one row for each thing of a packet that can be loaded.
 */
enum nft_load {
	NFT_LOAD_META, NFT_LOAD_PAYLOAD, NFT_LOAD_CT, NFT_LOAD_EXTHDR,
	NFT_LOAD_TCPOPT, NFT_LOAD_RT, NFT_LOAD_FIB,
};

/* What a key needs to have been matched before it means anything. */
enum nft_dep {
	DEP_NONE, DEP_ETHER, DEP_IP, DEP_IP6, DEP_ARP, DEP_ICMP, DEP_ICMP6,
	DEP_IGMP, DEP_TCP, DEP_UDP, DEP_SCTP, DEP_MAX,
};

#define NFT_KEY_L3	1	/* an equal match tells the layer 3 protocol */
#define NFT_KEY_L4	2	/* and the layer 4 protocol */
#define NFT_KEY_SHIFT3	4	/* a 13 bit field above 3 flags */
#define NFT_KEY_PRESENT	8	/* exists or missing */

struct nft_key {
	const char *name;
	const struct nft_type *type;
	uint8_t load;
	uint8_t dep;
	uint8_t base;		/* payload base, ct direction, exthdr type */
	uint8_t flags;
	uint16_t at;		/* offset in bytes, meta, ct or fib key */
	uint16_t len;		/* bytes */
	uint32_t arg;		/* flags of fib and of exthdr */
};

#define NFT_NODIR	0xff	/* a ct key without a direction */

/* Reads a key from the words: 1, 0 when there is none, or -EINVAL. */
int nft_key_take(struct nft_words *ws, struct nft_key *k);

/*
 * Sets (set.c): the declaration, as text or as found in the kernel.
 */
struct nft_set {
	char table[NFT_NAME];
	char name[NFT_NAME];
	uint8_t family;
	uint8_t nkey;
	uint8_t ndata;		/* 0: not a map */
	bool data_interval;
	const struct nft_type *key[NFT_PARTS];
	const struct nft_type *data[NFT_PARTS];
	uint8_t part[NFT_PARTS];	/* bytes of each part of the key */
	uint32_t key_len;
	uint32_t data_len;
	uint32_t flags;		/* NFT_SET_* */
	uint32_t size;
	uint32_t id;		/* of an anonymous one, in its batch */
	uint64_t timeout;	/* ms */
	uint64_t gc;		/* ms */
	uint64_t hash;		/* of the declaration's text */
};

/* `type A . B : C; flags interval; size N; timeout 1h` into *s (names are
 * left alone). On -EINVAL err tells why. */
int nft_set_parse(const char *text, struct nft_set *s, char *err);
/* `1d2h3m4s500ms` as milliseconds. */
int nft_set_time(const struct nft_word *w, uint64_t *ms);
bool nft_set_is_verdict_map(const struct nft_set *s);
/* Whether packets, not we, make its elements. */
bool nft_set_is_learned(const struct nft_set *s);
int nft_set_finish(struct nft_set *s, char *err);
/* Types of a concatenation from the words; the number read or -EINVAL. */
int nft_set_types(struct nft_words *ws, const struct nft_type **t);
/* The same two from the kernel's numbers. */
int nft_set_types_by_id(uint32_t id, const struct nft_type **t);

/*
 * Elements (elem.c)
 */
struct nft_elem {
	uint8_t key[NFT_KEYLEN];
	uint8_t end[NFT_KEYLEN];	/* inclusive upper end of each part */
	uint8_t data[NFT_KEYLEN];
	int32_t verdict;
	char chain[NFT_NAME];
};

/* Read the text of a key, of data; 0 or -EINVAL. */
int nft_elem_key(const struct nft_set *s, struct nft_words *ws,
		 struct nft_elem *e);
int nft_elem_data(const struct nft_set *s, struct nft_words *ws,
		  struct nft_elem *e);
int nft_elem_parse(const struct nft_set *s, const char *key, const char *data,
		   struct nft_elem *e);
int nft_elem_verdict(struct nft_words *ws, int32_t *verdict, char *chain);
unsigned int nft_elem_print_key(const struct nft_set *s,
				const struct nft_elem *e, char *buf,
				size_t size);
unsigned int nft_elem_print_data(const struct nft_set *s,
				 const struct nft_elem *e, char *buf,
				 size_t size);
struct nlmsghdr;
/* Appends the one or two elements that stand for *e to an open nest. */
void nft_elem_put(struct nlmsghdr *nlh, const struct nft_set *s,
		  const struct nft_elem *e, bool with_data);
#define NFT_ELEM_MAX	600	/* bytes that nft_elem_put may write */

/*
 * A socket in one network namespace (sock.c)
 */
struct nft_sock {
	int fd;
	uint32_t seq;
	uint32_t port;
};

/* Opens it in the caller's network namespace. */
int nft_sock_open(struct nft_sock *k);
/* The same with a netlink socket FD, which it takes over. */
int nft_sock_setup(struct nft_sock *k, int fd);
void nft_sock_close(struct nft_sock *k);
typedef int nft_reply_fn(const struct nlmsghdr *nlh, void *arg);
/* Sends one request and reads all of its answer. -EINTR when a dump was
 * disturbed by a change (NLM_F_DUMP_INTR): repeat it. */
int nft_sock_ask(struct nft_sock *k, struct nlmsghdr *nlh, nft_reply_fn *fn,
		 void *arg);
int nft_sock_generation(struct nft_sock *k, uint32_t *gen);
/* Does the kernel know tables that outlive their owner (since 6.9)? */
bool nft_sock_persists(struct nft_sock *k);

/*
 * A transaction (txn.c). Calls come in any order; the kernel gets them by
 * phase: tables, flushed rules, removed elements, sets, chains, then what is
 * new: chains, sets, elements, rules. Each call takes the object for whose
 * sake it is made (@who), which an error hands back. All return 0 or a
 * negative errno with the reason in txn->err; then the transaction is as it
 * was before the call.
 */
enum nft_phase {
	NFT_PH_TABLE, NFT_PH_FLUSH, NFT_PH_DELELEM, NFT_PH_DELSET,
	NFT_PH_DELCHAIN, NFT_PH_DELTABLE, NFT_PH_CHAIN, NFT_PH_SET,
	NFT_PH_ELEM, NFT_PH_RULE, NFT_PH_MAX,
};

struct nft_ref {		/* what lies from this offset on is for who */
	uint32_t off;
	const void *who;
};

struct nft_buf {
	char *data;
	uint32_t len;
	uint32_t cap;
	struct nft_ref *refs;
	uint32_t nrefs;
	uint32_t crefs;
	uint32_t open;		/* element message being filled, + 1 */
	uint32_t open_nest;	/* its list, from the message's start */
	uint16_t open_op;
	char open_set[NFT_NAME];
	char open_table[NFT_NAME];
	uint8_t open_family;
};

struct nft_txn {
	struct nft_buf ph[NFT_PH_MAX];
	struct nft_set *sets;	/* known declarations, for elements and maps */
	uint32_t nsets;
	uint32_t csets;
	uint32_t hit;		/* the set found last */
	uint32_t next_id;	/* of anonymous sets */
	uint32_t messages;
	char err[NFT_ERR];
};

/* Of tables: nobody but the owner may write; it outlives its owner. */
#define NFT_TF_OWNER	0x2
#define NFT_TF_PERSIST	0x4

void nft_txn_init(struct nft_txn *t);
void nft_txn_free(struct nft_txn *t);
/* Forgets the messages, keeps the known sets. */
void nft_txn_reset(struct nft_txn *t);
bool nft_txn_empty(const struct nft_txn *t);

int nft_table_add(struct nft_txn *t, int family, const char *table,
		  uint32_t flags, const void *who);
int nft_table_del(struct nft_txn *t, int family, const char *table,
		  const void *who);

/* Text: nft's body of a chain, a rule a line, first `type ... policy ...;`
 * when it is a base chain. */
int nft_chain_add(struct nft_txn *t, int family, const char *table,
		  const char *chain, const char *text, const void *who);
int nft_chain_replace(struct nft_txn *t, int family, const char *table,
		      const char *chain, const char *text, const void *who);
int nft_chain_flush(struct nft_txn *t, int family, const char *table,
		    const char *chain, const void *who);
int nft_chain_del(struct nft_txn *t, int family, const char *table,
		  const char *chain, const void *who);

int nft_set_add(struct nft_txn *t, int family, const char *table,
		const char *name, const char *text, const void *who);
int nft_set_del(struct nft_txn *t, int family, const char *table,
		const char *name, const void *who);
/* Tells the transaction of a set that is in the kernel already. */
int nft_set_know(struct nft_txn *t, const struct nft_set *s);
const struct nft_set *nft_set_find(struct nft_txn *t, int family,
				   const char *table, const char *name);

int nft_elem_add(struct nft_txn *t, int family, const char *table,
		 const char *set, const char *key, const char *data,
		 const void *who);
int nft_elem_del(struct nft_txn *t, int family, const char *table,
		 const char *set, const char *key, const void *who);

typedef void nft_error_fn(void *arg, const void *who, int err,
			  const char *text);
/* Sends it, with the generation it was made for unless that is 0. Returns 0
 * or the first negative errno; -ERESTART: the generation has moved. */
int nft_commit(struct nft_sock *k, struct nft_txn *t, uint32_t gen,
	       nft_error_fn *fn, void *arg);

/* A mark to go back to when one object could not be built. */
struct nft_mark {
	uint32_t len[NFT_PH_MAX];
	uint32_t nrefs[NFT_PH_MAX];
	uint32_t messages;
};

void nft_txn_mark(const struct nft_txn *t, struct nft_mark *m);
void nft_txn_rewind(struct nft_txn *t, const struct nft_mark *m);

/* For the folder: room for a message of at most @len bytes in a phase. */
struct nlmsghdr *nft_txn_msg(struct nft_txn *t, enum nft_phase ph, int type,
			     int family, int flags, uint32_t len,
			     const void *who);
void nft_txn_end(struct nft_txn *t, enum nft_phase ph, struct nlmsghdr *nlh);
int nft_txn_error(struct nft_txn *t, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int nft_set_put(struct nft_txn *t, enum nft_phase ph, const struct nft_set *s,
		const void *who);
int nft_elem_append(struct nft_txn *t, enum nft_phase ph, int op,
		    const struct nft_set *s, const struct nft_elem *e,
		    const void *who);

/*
 * One rule being compiled (expr.c, match.c, stmt.c)
 */
struct nftnl_rule;
struct nftnl_expr;

struct nft_rule {
	struct nft_txn *t;
	const void *who;
	int family;
	const char *table;
	struct nftnl_rule *rule;
	struct nft_words ws;
	uint8_t l3;		/* enum nft_dep that is known to hold */
	uint8_t l4;
	bool done;		/* a verdict was the last statement */
	bool has_mark;
	uint32_t mark;
	char comment[129];
};

struct nft_attr {
	uint16_t type;
	uint16_t len;
	uint64_t num;
	const void *ptr;
};

#define NFT_U8(a, v)	{ (a), 1, (uint8_t)(v), NULL }
#define NFT_U16(a, v)	{ (a), 2, (uint16_t)(v), NULL }
#define NFT_U32(a, v)	{ (a), 4, (uint32_t)(v), NULL }
#define NFT_U64(a, v)	{ (a), 8, (uint64_t)(v), NULL }
#define NFT_STR(a, v)	{ (a), 0, 0, (v) }
#define NFT_DATA(a, p, n) { (a), (n), 0, (p) }

#define NFT_EXPR(r, name, ...) nft_expr_add((r), (name), \
	(const struct nft_attr[]){ __VA_ARGS__ }, \
	sizeof((const struct nft_attr[]){ __VA_ARGS__ }) / \
	sizeof(struct nft_attr))

#define NFT_REG0	8	/* NFT_REG32_00 */

struct nftnl_expr *nft_expr_new(const char *name, const struct nft_attr *a,
				size_t n);
int nft_expr_add(struct nft_rule *r, const char *name,
		 const struct nft_attr *a, size_t n);
int nft_expr_dep(struct nft_rule *r, enum nft_dep dep);
int nft_expr_load(struct nft_rule *r, const struct nft_key *k,
		  unsigned int reg);
int nft_expr_known(struct nft_rule *r, const struct nft_key *k,
		   const struct nft_val *v);
int nft_rule_error(struct nft_rule *r, const char *what);

/* Keys of a concatenation from the words: how many, or a negative errno. */
int nft_match_keys(struct nft_rule *r, struct nft_key *k);
/* Their dependencies, then their loads from NFT_REG0 on. */
int nft_match_loads(struct nft_rule *r, const struct nft_key *k, int n);
/* A match: 1 when one was read, 0 when no key comes next. */
int nft_match(struct nft_rule *r);
/* `KEYS map @name` or `KEYS map { }`: the data lands in NFT_REG0. @want are
 * the types of the data of an anonymous map. *s is filled with the set. */
int nft_match_map(struct nft_rule *r, const struct nft_type *const *want,
		  int nwant, struct nft_set *s);
/* A statement: 1 when one was read, 0 when none comes next. */
int nft_stmt(struct nft_rule *r);
int nft_stmt_dnat(struct nft_rule *r);
int nft_stmt_snat(struct nft_rule *r);
int nft_stmt_masquerade(struct nft_rule *r);
int nft_stmt_redirect(struct nft_rule *r);
/* A bare value into register @reg. */
int nft_expr_imm(struct nft_rule *r, unsigned int reg, const void *v,
		 unsigned int len);

/*
 * Chains (chain.c)
 */
struct nft_base {
	bool is_base;
	char type[16];
	uint8_t hook;
	uint8_t policy;		/* NF_DROP or NF_ACCEPT */
	int32_t prio;
};

/* What is left of a chain's text in the user data of each of its rules. */
struct nft_stamp {
	uint64_t hash;
	uint32_t base;		/* nft_chain_base_hash() */
	uint16_t count;
	uint16_t index;
};

#define NFT_UDATA_HASH	200
#define NFT_UDATA_MARK	201

int nft_chain_base_parse(const char *line, size_t n, int family,
			 struct nft_base *b, char *err);
unsigned int nft_chain_base_print(const struct nft_base *b, int family,
				  char *buf, size_t size);
uint32_t nft_chain_base_hash(const struct nft_base *b);
/* The head that a chain's text begins with, if any. */
int nft_chain_head(const char *text, int family, struct nft_base *b,
		   char *err);

/*
 * What the kernel holds (dump.c). Strings and lists belong to the arena.
 */
struct arena;

struct nft_found_table {
	int family;
	uint32_t flags;		/* 2: owner, 4: persist */
	uint32_t owner;		/* the socket of flag 2, or 0 */
};

struct nft_found_chain {
	int family;
	const char *name;
	uint64_t hash;		/* hash64() of its text; 0: not as we wrote */
	struct nft_base base;
	uint32_t *marks;	/* of `ct mark set N`, in the order of rules */
	uint32_t nmarks, cmarks;
	uint32_t rules;
	struct nft_stamp stamp;	/* of the first rule */
	bool bad;
};

struct nft_found_elem {
	uint32_t set;		/* index into sets */
	const char *name;	/* "inet netd SET KEY" */
	const char *key;	/* the end of that */
	const char *data;	/* "" in a set */
};

struct nft_found {
	const char *table;
	struct arena *arena;
	struct nft_found_table *tables;
	uint32_t ntables, ctables;
	struct nft_found_chain *chains;
	uint32_t nchains, cchains, hit;
	struct nft_set *sets;
	uint32_t nsets, csets;
	struct nft_found_elem *elems;
	uint32_t nelems, celems;
	uint32_t gen;		/* the generation all of it was true at */
};

/* All that tables of this name hold in the families inet and bridge, the
 * elements of learned sets excepted, or those of all sets.  Repeats itself
 * until nothing changed meanwhile; -EAGAIN when that never comes true. */
int nft_dump(struct nft_sock *k, const char *table, bool elements,
	     struct arena *arena, struct nft_found *f);
/* The sets alone. */
int nft_dump_sets(struct nft_sock *k, const char *table, struct arena *arena,
		  struct nft_found *f);
/* The elements of one of f->sets, learned or not, appended to f->elems. */
int nft_dump_set(struct nft_sock *k, struct nft_found *f, uint32_t set);
/* Where one chain stands; -ENOENT when there is none. */
int nft_dump_base(struct nft_sock *k, int family, const char *table,
		  const char *chain, struct nft_base *b);
/* "inet" or "bridge", else "". */
const char *nft_family_name(int family);
int nft_family_by_name(const char *name, size_t n);

#endif
