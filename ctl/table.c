// table.c - objects as columns
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"

#define COLUMNS_MAX 10

/* Columns are counted in characters, not in bytes. */
static unsigned int width(const char *s)
{
	unsigned int n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static void print_row(const char *const *cells, const unsigned int *widths,
		      unsigned int n)
{
	unsigned int i, pad;

	/* nothing after the last column that says something */
	while (n && !cells[n - 1][0])
		n--;
	for (i = 0; i < n; i++) {
		fputs(cells[i], stdout);
		pad = i + 1 < n && widths[i] ? widths[i] - width(cells[i]) + 2 : 0;
		printf("%*s", pad, "");
	}
	putchar('\n');
}

void print_table(const json_t *list, const char *const *keys,
		 const char *const *heads)
{
	const char *cells[COLUMNS_MAX];
	unsigned int widths[COLUMNS_MAX], n, k;
	json_t *o;
	size_t i;

	for (n = 0; n < COLUMNS_MAX && keys[n]; n++) {
		widths[n] = 0;
		json_array_foreach(list, i, o)
			if (width(str(o, keys[n])) > widths[n])
				widths[n] = width(str(o, keys[n]));
		/* a column that nobody fills has no head either */
		if (widths[n] && widths[n] < width(heads[n]))
			widths[n] = width(heads[n]);
		cells[n] = widths[n] ? heads[n] : "";
	}
	print_row(cells, widths, n);
	json_array_foreach(list, i, o) {
		for (k = 0; k < n; k++)
			cells[k] = str(o, keys[k]);
		print_row(cells, widths, n);
	}
}
