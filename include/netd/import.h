// import.h - topologies of other programs, made into topology files
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_IMPORT_H
#define NETD_IMPORT_H

#include "netd/buf.h"
#include "netd/report.h"

/* A format that can be read. */
struct import_format {
	const char *name;	/* "graphml" */
	const char *what;	/* "GraphML", for people */
};

/* The formats, ended by one without a name. */
extern const struct import_format import_formats[];

/*
 * Makes a topology file (netd.yaml(5)) of TEXT, the contents of FILE, and adds
 * it to OUT.  What could not be carried over is a warning in REPORT each, and
 * a comment at the head of OUT.  The same text gives the same file.  0, or
 * -EINVAL: the text is not of that format, the errors are in REPORT and OUT is
 * as it was; -ENOENT: there is no such FORMAT.
 *
 * graphml: GraphML 1.0 (graphml.graphdrawing.org/specification.html) with the
 * keys of the Internet Topology Zoo; containerlab: its topology file
 * (containerlab.dev/manual/topo-def-file); libvirt: its network XML
 * (libvirt.org/formatnetwork.html).
 */
int import_topology(const char *format, const char *file, const char *text,
		    size_t len, struct buf *out, struct report *report);

#endif
