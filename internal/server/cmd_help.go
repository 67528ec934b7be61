package server

import "strings"

// writeHelp replies the help of a container command: lines come in pairs, a
// subcommand's usage and what it does.
func (c *Client) writeHelp(name []byte, lines []string) {
	c.WriteArray(len(lines) + 3)
	c.WriteStatus(strings.ToUpper(string(name)) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")
	for _, line := range lines {
		c.WriteStatus(line)
	}
	c.WriteStatus("HELP")
	c.WriteStatus("    Print this help.")
}

// wrongSubcommand replies that a subcommand exists, but not with so many
// arguments.
func (c *Client) wrongSubcommand(argv [][]byte) {
	c.WriteError("ERR unknown subcommand or wrong number of arguments for '" + cut(argv[1], maxShown) +
		"'. Try " + strings.ToUpper(string(argv[0])) + " HELP.")
}

// helpHandler is the handler of a HELP subcommand.
func helpHandler(lines []string) Handler {
	return func(c *Client, argv [][]byte) { c.writeHelp(argv[0], lines) }
}
