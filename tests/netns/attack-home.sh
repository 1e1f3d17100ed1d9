#!/bin/bash
# attack-home.sh - attack-nets, where the home router is not the host
# one kernel: what it tests is the rules
# one build: the same code as attack-nets
# SPDX-License-Identifier: GPL-2.0-or-later
ATTACK_HOME=lab
. "$(dirname "$0")/attack-nets.sh"
