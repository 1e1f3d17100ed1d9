// schema.h - the types of YAML values; the tables themselves are schema.c
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef TOPO_SCHEMA_H
#define TOPO_SCHEMA_H

#include "topo/topo.h"

/* Structs within structs; see enum field_shape. */
extern const struct field_type type_record, type_records, type_items;

/* Read and kept nowhere: `description`, words that say what is so anyway. */
extern const struct field_type type_text, type_ignored;

extern const struct field_type type_choice;	/* const char *, of names[] */
extern const struct field_type type_ref;	/* struct word: name, address */
extern const struct field_type type_named;	/* struct word: a name */
extern const struct field_type type_dev;	/* struct word: an interface */
extern const struct field_type type_allow;	/* struct word, of names[] */
extern const struct field_type type_subnet4;	/* struct netspec */
extern const struct field_type type_subnet6;
extern const struct field_type type_pool4;	/* struct prefix, a network */
extern const struct field_type type_pool6;
extern const struct field_type type_addr4;	/* struct addrspec */
extern const struct field_type type_addr6;
extern const struct field_type type_loopback;	/* struct addrspec */
extern const struct field_type type_pods;	/* struct ports: 1 to N */
extern const struct field_type type_router_id;	/* struct ip; auto is none */
extern const struct field_type type_area;	/* uint32_t */
extern const struct field_type type_gateway4;	/* const char * */
extern const struct field_type type_gateway6;
extern const struct field_type type_mac;	/* struct mac; auto is zero */
extern const struct field_type type_attachment;	/* uint8_t, enum att_type */
extern const struct field_type type_netns;	/* const char * */
extern const struct field_type type_labels;	/* list of struct label */
extern const struct field_type type_user;	/* const char * */
extern const struct field_type type_who;	/* const char *: USER, @GROUP */
extern const struct field field_lives;	/* topo_live() reads it */
extern const struct field_type type_service;	/* struct service */
extern const struct field_type type_protocol;	/* uint8_t */

extern const struct field_type type_label;	/* const char * */
extern const struct field_type type_hostname;	/* const char * */
extern const struct field_type type_domain;
extern const struct field_type type_duid;
extern const struct field_type type_bootfile;

/* true when TYPE is one whose value is a struct word. */
bool type_is_word(const struct field_type *type);

/* A protocol's number by its name; 255 is icmp of both families.  -1: none. */
int protocol_number(const char *name);
const char *protocol_name(uint8_t number);

/* The short spellings (schema_short.c): as record.scalar. */
int short_stp(const char *text, void *rec, struct arena *a, struct buf *why);
int short_guards(const char *text, void *rec, struct arena *a,
		 struct buf *why);
int short_dhcp(const char *text, void *rec, struct arena *a, struct buf *why);
int short_dns(const char *text, void *rec, struct arena *a, struct buf *why);
int short_ra(const char *text, void *rec, struct arena *a, struct buf *why);
int short_forwarder(const char *text, void *rec, struct arena *a,
		    struct buf *why);
int short_allowed(const char *text, void *rec, struct arena *a,
		  struct buf *why);
int short_forward(const char *text, void *rec, struct arena *a,
		  struct buf *why);
int short_publish(const char *text, void *rec, struct arena *a,
		  struct buf *why);
int short_limit(const char *text, void *rec, struct arena *a, struct buf *why);
int short_leg(const char *text, void *rec, struct arena *a, struct buf *why);
int short_end(const char *text, void *rec, struct arena *a, struct buf *why);
int short_link(const char *text, void *rec, struct arena *a, struct buf *why);

/* A list of one. */
struct list list_one(struct arena *a, const void *item, size_t size);

#endif
