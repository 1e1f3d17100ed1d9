// field.h - one member of a struct, described once
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_FIELD_H
#define NETD_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netd/arena.h"
#include "netd/buf.h"

/* An address of either family.  family 0: none. */
struct ip {
	uint8_t family;		/* 0, 4 or 6 */
	uint8_t b[16];		/* network order; IPv4 in the first four */
};

/* An address with the length of its network: 10.1.0.1/24. */
struct prefix {
	struct ip ip;
	uint8_t len;
};

/* Addresses from lo to hi, both included, of one family. */
struct iprange {
	struct ip lo, hi;
};

/* Ports from lo to hi, both included. */
struct ports {
	uint16_t lo, hi;
};

struct mac {
	uint8_t b[6];
};

/* One next hop of a route; a multipath route has several. */
struct nexthop {
	struct ip via;		/* family 0: the link itself */
	char dev[16];
	uint32_t weight;	/* 1 to 256 */
};

/* A list of equal items.  What they are says the field's elem. */
struct list {
	void *items;
	uint32_t n;
};

struct field;

/* How the bytes of a value lie in memory, for packing and copying. */
enum field_shape {
	SHAPE_FIXED,		/* size bytes without pointers */
	SHAPE_STR,		/* const char *, NULL is "" */
	SHAPE_LIST,		/* struct list of field->elem */
	SHAPE_RECORD,		/* YAML only: struct * of field->sub */
	SHAPE_RECORDS,		/* YAML only: struct list of pointers to
				 * field->sub, by name (a map) */
	SHAPE_ITEMS,		/* YAML only: the same as a list */
	SHAPE_PAIRS,		/* YAML only: struct list of pairs of strings,
				 * a map of keys to texts */
};

/*
 * A type: how a scalar is read, printed and compared.  Values of SHAPE_FIXED
 * are compared bytewise, so their padding must be zero.
 */
struct field_type {
	const char *what;	/* "an IPv4 or IPv6 address", for messages */
	enum field_shape shape;
	uint32_t size;		/* of the value in memory */
	/*
	 * Reads a scalar's TEXT into V (SHAPE_FIXED and SHAPE_STR).  0, or
	 * -EINVAL with the reason in WHY when there is a better one than
	 * "expected <what>".
	 */
	int (*read)(const struct field *f, const char *text, void *v,
		    struct arena *a, struct buf *why);
	void (*print)(const struct field *f, const void *v, struct buf *out);
};

/* What a changed value means for the object that carries it. */
enum field_class {
	CLASS_FIXED,		/* the object is made anew */
	CLASS_LIVE,		/* changed in place */
	CLASS_PINNED,		/* refused with the reason while in use */
	CLASS_BORN,		/* used at creation, not compared after */
	CLASS_INFO,		/* seen, never asked for */
};

struct record;

/* One member of a struct: a row of its table. */
struct field {
	const char *name;	/* as YAML and the plan spell it */
	const struct field_type *type;
	uint32_t off;		/* offsetof() */
	enum field_class cls;
	bool any;		/* wanted all-ones: leave it as it is */
	uint64_t min, max;	/* bounds of numbers; max 0: the type's */
	const char *const *names;	/* of an enum, NULL terminated */
	const struct field_type *elem;	/* of a list */
	const struct field_type *alone;	/* YAML: of what is written instead
					 * of a list; NULL: one elem */
	const struct record *sub;	/* of a record */
	const char *later;	/* YAML: known and not built yet; what it is */
};

/* A struct that is described by fields. */
struct record {
	const char *what;	/* "a network" */
	uint32_t size;
	const struct field *fields;
	uint32_t count;
	/*
	 * YAML: reads the short spelling, a scalar, into the record ("r1-r2",
	 * "8080:vm1:80/tcp"); NULL where there is none.
	 */
	int (*scalar)(const char *text, void *rec, struct arena *a,
		      struct buf *why);
	const char *spelling;	/* what that looks like, for messages */
	bool list;		/* YAML: may be written as the list that its
				 * first field is */
};

extern const struct field_type field_bool;	/* bool */
extern const struct field_type field_u8;	/* uint8_t */
extern const struct field_type field_u16;	/* uint16_t */
extern const struct field_type field_u32;	/* uint32_t */
extern const struct field_type field_u64;	/* uint64_t */
extern const struct field_type field_hex64;	/* uint64_t, printed as hex */
extern const struct field_type field_enum;	/* uint8_t into names[] */
extern const struct field_type field_str;	/* const char * */
extern const struct field_type field_text;	/* const char *, of lines */
extern const struct field_type field_name;	/* const char *, of ours */
extern const struct field_type field_ifname;	/* const char *, 1 to 15 */
extern const struct field_type field_mac;	/* struct mac */
extern const struct field_type field_ip;	/* struct ip */
extern const struct field_type field_ip4;	/* struct ip, IPv4 only */
extern const struct field_type field_ip6;	/* struct ip, IPv6 only */
extern const struct field_type field_prefix;	/* struct prefix, an address */
extern const struct field_type field_net;	/* struct prefix, a subnet */
extern const struct field_type field_iprange;	/* struct iprange: A, A-B, A/L */
extern const struct field_type field_ports;	/* struct ports: N or N-M */
extern const struct field_type field_time;	/* uint32_t ms; ~0: infinite */
extern const struct field_type field_size;	/* uint32_t bytes: 64k */
extern const struct field_type field_rate;	/* uint64_t bit/s: 10M */
extern const struct field_type field_percent;	/* uint32_t of a million: 0.1% */
extern const struct field_type field_nexthop;	/* struct nexthop */
extern const struct field_type field_list;	/* struct list of elem */

/* The value of field F in the struct at REC. */
static inline void *field_at(const struct field *f, const void *rec)
{
	return (char *)rec + f->off;
}

/*
 * 0 when the values of F in A and B are equal, else the sign of a total
 * order.  Knows nothing of f->any: see object_diff().
 */
int field_cmp(const struct field *f, const void *a, const void *b);

/* true when the value is all ones, which f->any lets mean "leave it". */
bool field_is_any(const struct field *f, const void *rec);

/* Reads TEXT into field F of REC.  As field_type.read. */
int field_read(const struct field *f, const char *text, void *rec,
	       struct arena *a, struct buf *why);

/* Prints the value of F in REC; a list as "a, b, c". */
void field_print(const struct field *f, const void *rec, struct buf *out);

/* Adds the value of F in REC to a message (the same machine reads it). */
void field_pack(const struct field *f, const void *rec, struct buf *out);

/*
 * Takes the value of F from the message at *P, which ends at END, into REC;
 * strings are copied to A.  0, or -EBADMSG: any length is checked.
 */
int field_unpack(const struct field *f, const char **p, const char *end,
		 void *rec, struct arena *a);

/* All fields of a record at once. */
void record_pack(const struct record *r, const void *rec, struct buf *out);
int record_unpack(const struct record *r, const char **p, const char *end,
		  void *rec, struct arena *a);

/* The message primitives of which field_pack() is made. */
void pack_u32(struct buf *out, uint32_t v);
void pack_str(struct buf *out, const char *s);	/* NULL as "" */
int unpack_u32(const char **p, const char *end, uint32_t *v);
int unpack_str(const char **p, const char *end, const char **s,
	       struct arena *a);

/* --- addresses ------------------------------------------------------- */

/* Reads "10.1.0.1" or "fd00::1".  0 or -EINVAL. */
int ip_read(const char *text, struct ip *ip);
/* Reads "10.1.0.1/24"; a bare address gets the full length. */
int prefix_read(const char *text, struct prefix *p);
/* The text of an address, into the caller's 46 bytes; returns OUT. */
const char *ip_text(const struct ip *ip, char out[46]);
/* The text of a prefix, into the caller's 50 bytes; returns OUT. */
const char *prefix_text(const struct prefix *p, char out[50]);
/* The text of a MAC, into the caller's 18 bytes; returns OUT. */
const char *mac_text(const struct mac *m, char out[18]);
int mac_read(const char *text, struct mac *m);
/* <0, 0, >0; IPv4 before IPv6. */
int ip_cmp(const struct ip *a, const struct ip *b);
/* The first address of a prefix (host bits cleared), and the last. */
struct ip prefix_first(const struct prefix *p);
struct ip prefix_last(const struct prefix *p);
/* P with its host bits cleared. */
struct prefix prefix_net(const struct prefix *p);
/* true when IP lies in P, or prefix B within prefix A. */
bool prefix_has(const struct prefix *p, const struct ip *ip);
bool prefix_covers(const struct prefix *a, const struct prefix *b);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);
/* IP plus N (may be negative); wraps. */
struct ip ip_add(const struct ip *ip, int64_t n);
/* IP bytes in a family: 4 or 16; bits: 32 or 128. */
static inline unsigned int ip_bytes(const struct ip *ip)
{
	return ip->family == 6 ? 16 : 4;
}
/* 64-bit FNV-1a of LEN bytes. */
uint64_t hash64(const void *p, size_t len);

#endif
