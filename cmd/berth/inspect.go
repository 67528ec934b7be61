package main

import (
	"encoding/json"

	"github.com/urfave/cli/v2"

	"berth/abi"
	"berth/internal/preflight"
)

func init() { commands = append(commands, inspectCommand()) }

// inspectCommand makes berth inspect: what a module file is, what it needs, and
// whether it would load, without running any of it. Exit status 1 when one of
// the files would not load, 2 on wrong usage.
func inspectCommand() *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "tell what a module file is and whether it would load",
		ArgsUsage: "FILE...",
		Description: "Tells the language, the architecture, the libraries it needs and the entry\n" +
			"points of each FILE, and which of the module functions it asks for berth does\n" +
			"not have. Nothing in the file is run. The exit status is 1 if a file would\n" +
			"not load.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object for each file"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return cli.Exit("berth inspect: which file? Usage: berth inspect [--json] FILE...", 2)
			}
			bad := false
			for _, path := range c.Args().Slice() {
				r := preflight.Inspect(path, abi.Has)
				bad = bad || r.Err() != nil
				if err := printReport(c, r); err != nil {
					return err
				}
			}
			if bad {
				return cli.Exit("", 1)
			}
			return nil
		},
	}
}

func printReport(c *cli.Context, r *preflight.Report) error {
	if !c.Bool("json") {
		return r.WriteText(c.App.Writer)
	}
	enc := json.NewEncoder(c.App.Writer)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}
