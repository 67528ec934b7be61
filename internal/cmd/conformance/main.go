// Command conformance runs Redis 7.2's module tests against berth; see berth/internal/conformance.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"berth/internal/conformance"
	"berth/internal/marks"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run() error {
	c := conformance.Config{Stdout: os.Stderr}
	flag.StringVar(&c.Suite, "suite", "", "built Redis 7.2 source `tree`")
	flag.StringVar(&c.Runner, "runner", "", "`program` that runs files of the suite against a server")
	flag.StringVar(&c.Server, "server", "bin/berth", "berth `program`")
	files := flag.String("files", "all", "`names` of the files to run, separated by blanks")
	write := flag.String("write", "", "`document` whose list is replaced; only when all files were run")
	flag.Parse()
	if flag.NArg() > 0 || c.Suite == "" || c.Runner == "" {
		flag.Usage()
		os.Exit(2)
	}
	c.Files = strings.Fields(*files)
	results, err := conformance.Run(c)
	if err != nil {
		return err
	}
	text := conformance.Markdown(results)
	fmt.Print(text)
	if *write == "" || *files != "all" {
		return nil
	}
	return marks.Rewrite(*write, conformance.BeginMark, conformance.EndMark, text)
}
