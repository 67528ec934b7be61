package exampletest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"berth/internal/testkit"
)

// schema is what mariadbd runs at each start.
const schema = `
CREATE DATABASE IF NOT EXISTS shop CHARACTER SET utf8mb4;
CREATE TABLE IF NOT EXISTS shop.users (id VARCHAR(190) PRIMARY KEY, name VARCHAR(200), email VARCHAR(200), photo BLOB) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
REPLACE INTO shop.users VALUES ('42', 'Ada Lovelace', 'ada@example.org', NULL), ('43', 'Émilie ☕', '', x'00ff0d0a27'), ('44', NULL, NULL, NULL), ('it''s\\', 'a quote and a backslash', NULL, NULL);
REPLACE INTO shop.users SELECT CONCAT('n', seq), CONCAT('number ', seq), NULL, NULL FROM shop.seq_1_to_1000;
CREATE USER IF NOT EXISTS app@localhost IDENTIFIED BY 'a secret';
GRANT SELECT ON shop.* TO app@localhost;
`

// database is a MariaDB server of Debian's in a folder of its own.
type database struct {
	*testkit.Program
	socket string
	admin  *session // nil when it has not begun
}

// startDatabase makes a data folder and starts a server on it.
func startDatabase(t *testing.T) *database {
	t.Helper()
	header(t, "/usr/include/mariadb/mysql.h", "libmariadb-dev")
	for _, name := range []string{"mariadb-install-db", "mariadb"} {
		if _, err := exec.LookPath(name); err != nil {
			testkit.Missing(t, "no MariaDB: %v", err)
		}
	}
	// Debian has it in a folder that not everybody's PATH has.
	server, err := exec.LookPath("mariadbd")
	if err != nil {
		if server, err = exec.LookPath("/usr/sbin/mariadbd"); err != nil {
			testkit.Missing(t, "no MariaDB: %v", err)
		}
	}
	dir := testkit.ShortDir(t)
	socket, data, start := filepath.Join(dir, "db"), filepath.Join(dir, "data"), filepath.Join(dir, "start.sql")
	// It reads one statement from each line.
	if err := os.WriteFile(start, []byte(schema), 0o644); err != nil {
		t.Fatal(err)
	}
	both := []string{"--no-defaults", "--datadir=" + data, "--innodb-log-file-size=4M"}
	if os.Getuid() == 0 {
		both = append(both, "--user=root") // else it would look for a user mysql
	}
	install := exec.Command("mariadb-install-db", append(both, "--auth-root-authentication-method=normal", "--skip-test-db")...)
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("mariadb-install-db: %v\n%s", err, out)
	}
	ready := func() error {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			conn.Close()
		}
		return err
	}
	d := &database{socket: socket}
	t.Cleanup(d.leave)
	d.Program = testkit.NewProgram(t, dir, ready, append(append([]string{server}, both...), "--socket="+socket, "--skip-networking",
		"--init-file="+start, "--pid-file="+filepath.Join(dir, "pid"), "--innodb-buffer-pool-size=8M", "--innodb-flush-log-at-trx-commit=0",
		"--skip-log-bin", "--character-set-server=utf8mb4")...)
	return d
}

// session is a connection of the administrator's.
type session struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// run executes a statement as the administrator, always on the same connection,
// and gives what it prints.
func (d *database) run(t *testing.T, statement string) string {
	t.Helper()
	if d.admin == nil {
		cmd := exec.Command("mariadb", "--no-defaults", "--socket="+d.socket, "--user=root", "--batch", "--skip-column-names", "--unbuffered")
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		d.admin = &session{cmd, in, bufio.NewReader(out)}
	}
	if _, err := io.WriteString(d.admin.in, statement+"; SELECT '-- end';\n"); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	var text strings.Builder
	for {
		line, err := d.admin.out.ReadString('\n')
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
		if line == "-- end\n" {
			return strings.TrimSpace(text.String())
		}
		text.WriteString(line)
	}
}

// leave ends the administrator's session.
func (d *database) leave() {
	if d.admin != nil {
		d.admin.in.Close()
		_ = d.admin.cmd.Wait() // it fails if the server has gone
		d.admin = nil
	}
}

// crash ends the server without a chance to do anything.
func (d *database) crash() {
	d.Kill()
	d.leave()
}

// close makes whoever reads a gated row wait until open.
func (d *database) close(t *testing.T) {
	t.Helper()
	if got := d.run(t, "SELECT GET_LOCK('gate', 10)"); got != "1" {
		t.Fatalf("the gate does not close: %q", got)
	}
}

func (d *database) open(t *testing.T) {
	t.Helper()
	d.run(t, "DO RELEASE_LOCK('gate')")
}

// atGate waits until so many statements wait at the gate.
func (d *database) atGate(t *testing.T, n int) {
	t.Helper()
	eventually(t, "statements at the gate", func() bool {
		return d.run(t, "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User lock'") == fmt.Sprint(n)
	})
}
