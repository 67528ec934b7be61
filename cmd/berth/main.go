// Command berth serves data to Redis clients and hosts Redis modules.
package main

import (
	"fmt"
	"os"
	"runtime"

	"github.com/urfave/cli/v2"

	"berth/internal/server"
)

// The loop must run on the process's main thread: modules may ask for it, and
// signal handlers of C libraries expect it.
func init() { runtime.LockOSThread() }

// commands are berth's subcommands; each file adds its own.
var commands []*cli.Command

func main() {
	app := &cli.App{
		Name:            "berth",
		Usage:           "a server that hosts Redis modules",
		HideVersion:     true,
		HideHelpCommand: true,
		Commands: append(commands, &cli.Command{
			Name:  "version",
			Usage: "print the versions of berth and of the Redis it follows",
			Action: func(c *cli.Context) error {
				_, err := fmt.Fprintf(c.App.Writer, "berth %s (Redis %s, %s, %s/%s)\n",
					server.Version, server.RedisVersion, runtime.Version(), runtime.GOOS, runtime.GOARCH)
				return err
			},
		}),
	}
	if err := app.Run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "berth:", err)
		os.Exit(1)
	}
}
