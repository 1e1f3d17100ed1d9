// libcni.go - a client of CNI plugins over the reference library
// SPDX-License-Identifier: GPL-2.0-or-later
//
//	libcni FOLDER PATH COMMAND NETWORK CONTAINER NETNS IFNAME [CAPABILITIES]
//
// COMMAND is add, check or del; the result of add is printed.  The library
// caches it in /var/lib/cni, and hands it to the others.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/containernetworking/cni/libcni"
)

func run(args []string) error {
	list, err := libcni.LoadConfList(args[0], args[3])
	if err != nil {
		return err
	}
	rt := &libcni.RuntimeConf{
		ContainerID: args[4], NetNS: args[5], IfName: args[6],
	}
	if len(args) > 7 {
		err = json.Unmarshal([]byte(args[7]), &rt.CapabilityArgs)
		if err != nil {
			return err
		}
	}
	cni := libcni.NewCNIConfig(filepath.SplitList(args[1]), nil)
	ctx := context.TODO()
	switch args[2] {
	case "add":
		result, err := cni.AddNetworkList(ctx, list, rt)
		if err != nil {
			return err
		}
		return result.Print()
	case "check":
		return cni.CheckNetworkList(ctx, list, rt)
	case "del":
		return cni.DelNetworkList(ctx, list, rt)
	}
	return fmt.Errorf("unknown command %s", args[2])
}

func main() {
	if len(os.Args) < 8 {
		fmt.Fprintln(os.Stderr, "libcni: arguments are missing")
		os.Exit(64)
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "libcni:", err)
		os.Exit(1)
	}
}
