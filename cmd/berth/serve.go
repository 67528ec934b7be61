package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"berth/internal/config"
	"berth/internal/server"
	"berth/internal/sysmon"
)

// loadModules loads the modules that the configuration names; nil when this
// build has no module loader.
var loadModules func(*server.Server) error

func init() {
	commands = append(commands, &cli.Command{
		Name:      "serve",
		Usage:     "run the server",
		ArgsUsage: "[redis.conf | -] [--directive value ...] [-]",
		Description: "Reads a redis.conf, then standard input if an argument is a lone dash, then the\n" +
			"directives given here: what comes later wins.\n\n" +
			"   berth serve --port 7000 --loadmodule ./hellonet.so\n" +
			"   berth serve /etc/redis/redis.conf --loglevel verbose",
		SkipFlagParsing: true,
		Action: func(c *cli.Context) error {
			args := c.Args().Slice()
			if len(args) > 0 && (args[0] == "--help" || args[0] == "-h") {
				return cli.ShowSubcommandHelp(c)
			}
			return serve(args)
		},
	})
}

// sparePs is by how many Ps, the runtime's licences to run Go code, there are more
// than processors; see docs/RATIONALE.md.
const sparePs = 2

// monitorSlack is how much longer than it wants to the runtime's monitor may sleep. A
// goroutine that waits for one in a long system call waits for so much longer.
const monitorSlack = 500 * time.Microsecond

// serve runs the server until it is shut down.
func serve(args []string) error {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + sparePs)
	}
	var src config.Source
	file := ""
	first := true
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		path, err := filepath.Abs(args[0])
		if err != nil {
			return err
		}
		src.Path, file = path, path
		args, first = args[1:], false
	}
	stdin, useStdin := "", false
	if src.Options, useStdin = config.Options(args, first); useStdin {
		data, err := io.ReadAll(os.Stdin)
		if err != nil {
			return fmt.Errorf("reading the configuration from standard input: %w", err)
		}
		stdin = string(data)
		src.Stdin = strings.NewReader(stdin)
	}
	text, err := src.Text()
	if err != nil {
		return fatalConfig(err)
	}
	srv, err := server.New(server.Options{
		LoadModules: loadModules,
		Configure: func(s *server.Server) error {
			s.Config.File = file
			if err := s.Config.LoadText(text); err != nil {
				return fatalConfig(err)
			}
			if s.Config.Values.Daemonize && !isDaemon() {
				return daemonize(stdin)
			}
			return useAllocator(s.Config.String("module-allocator"), stdin)
		},
	})
	if err != nil {
		return err
	}
	if err := sysmon.Slow(monitorSlack); err != nil {
		srv.Log(server.LogVerbose, "The Go runtime's monitor wakes as often as it likes: %v", err)
	}
	srv.OnExit(os.Exit)
	srv.EnablePersistence()
	srv.HandleSignals()
	if err := srv.Start(); err != nil {
		os.Exit(1) // the reason is in the log
	}
	if err := srv.Loop.Run(); err != nil {
		return err
	}
	os.Exit(srv.ExitCode())
	return nil
}

// fatalConfig says what is wrong with the configuration where Redis does, and
// ends the process.
func fatalConfig(err error) error {
	var file *config.FileError
	if errors.As(err, &file) {
		// Redis logs this one, and no log is set up yet.
		fmt.Println(err)
	} else {
		printFatal(os.Stderr, err)
	}
	os.Exit(1)
	return err
}

// printFatal writes the error in the form that people and scripts know.
func printFatal(w io.Writer, err error) {
	fmt.Fprintf(w, "\n*** FATAL CONFIG FILE ERROR (Redis %s) ***\n%s\n", server.RedisVersion, err)
}
