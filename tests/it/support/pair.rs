//! Two PostgreSQL servers, the second one following the first synchronously: `pair.sh` makes them, and takes them away when
//! this process ends, however it does.

use super::postgres::left_out;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/pair.sh");

/// Both of them.
pub struct Pair {
    folder: PathBuf,
    pub password: String,
    said: BufReader<ChildStdout>,
    orders: ChildStdin,
    _keeper: Child,
}

impl Pair {
    /// Starts them; none where PostgreSQL is not installed, which is said loudly.
    pub fn start() -> Option<Pair> {
        let mut keeper = Command::new("sh")
            .arg(SCRIPT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // A Ctrl-C at the terminal must not reach it: it has to tidy up afterwards.
            .process_group(0)
            .spawn()
            .expect("sh starts");
        let orders = keeper.stdin.take().expect("it is piped");
        let mut said = BufReader::new(keeper.stdout.take().expect("it is piped"));
        let mut first = String::new();
        said.read_line(&mut first).expect("the script says how it went");
        match first.trim_end().split_once(' ') {
            Some(("ready", folder)) => {
                let folder = PathBuf::from(folder);
                let password = std::fs::read_to_string(folder.join("password")).expect("the password was written");
                Some(Pair { folder, password, said, orders, _keeper: keeper })
            }
            _ if first.trim_end() == "missing" => {
                left_out();
                None
            }
            _ => panic!("PostgreSQL did not start: {first}"),
        }
    }

    /// The folder of the first one's socket.
    pub fn first(&self) -> PathBuf {
        self.folder.join("one")
    }

    /// The folder of the second one's socket.
    pub fn second(&self) -> PathBuf {
        self.folder.join("two")
    }

    /// `kill -9` for every process of the first one.
    pub fn kill_first(&mut self) {
        self.order("kill");
    }

    /// `SIGSTOP` for every process of the first one.
    pub fn freeze_first(&mut self) {
        self.order("freeze");
    }

    /// `SIGCONT` for every process of the first one.
    pub fn thaw_first(&mut self) {
        self.order("thaw");
    }

    /// Makes the second one the primary; returns when it takes writes.
    pub fn promote_second(&mut self) {
        self.order("promote");
    }

    fn order(&mut self, order: &str) {
        writeln!(self.orders, "{order}").expect("the script lives");
        let mut answer = String::new();
        self.said.read_line(&mut answer).expect("the script answers");
        assert_eq!(answer, "done\n", "{order}");
    }
}
