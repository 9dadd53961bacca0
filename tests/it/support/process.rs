//! The program itself, started as a process of its own.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a started program may take until it answers, and what is waited for otherwise.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `callahead`; killed when it goes out of scope.
pub struct Program {
    child: Child,
}

/// How a command ended, and what it printed.
pub struct Finished {
    pub success: bool,
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Program {
    fn command(arguments: &[&str], config: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callahead"));
        command.args(arguments).env("CALLAHEAD_CONFIG", config).stdin(Stdio::null());
        if let Some(folder) = config.parent() {
            command.current_dir(folder);
        }
        command
    }

    /// Starts a program that runs until it is stopped.
    pub fn start(arguments: &[&str], config: &Path) -> Program {
        Program::start_with(arguments, config, &[])
    }

    /// Starts a program that runs until it is stopped, with variables in its environment.
    pub fn start_with(arguments: &[&str], config: &Path, env: &[(String, String)]) -> Program {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(config.with_file_name(format!("{}.log", arguments[0])))
            .expect("a log file");
        let mut command = Program::command(arguments, config);
        let child = command.envs(env.iter().cloned()).stdout(Stdio::null()).stderr(log).spawn().expect("the program starts");
        Program { child }
    }

    /// Runs a command to its end.
    pub fn run(arguments: &[&str], config: &Path) -> Finished {
        Program::run_with(arguments, config, &[])
    }

    /// Runs a command to its end, with variables in its environment.
    pub fn run_with(arguments: &[&str], config: &Path, env: &[(String, String)]) -> Finished {
        let mut command = Program::command(arguments, config);
        let output = command.envs(env.iter().cloned()).output().expect("the program runs");
        Finished {
            success: output.status.success(),
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Waits until it answers HTTP at `path`.
    pub fn answers(&self, port: u16, path: &str) {
        let up = self.until(
            PATIENCE,
            || super::http::get(port, path),
            |answer| answer.as_deref().is_some_and(|a| a.contains(" 200 ")),
        );
        assert!(up.is_some(), "nothing answers at port {port}{path}");
    }

    /// Waits until somebody listens at the port.
    pub fn listens(&self, port: u16) {
        let up = self.until(PATIENCE, || TcpStream::connect(("127.0.0.1", port)).is_ok(), |up| *up);
        assert!(up, "nobody listens at port {port}");
    }

    /// Looks again and again until `enough`, or until `patience` is over; gives what was seen last.
    pub fn until<T>(&self, patience: Duration, look: impl FnMut() -> T, enough: impl Fn(&T) -> bool) -> T {
        Program::wait_until(patience, look, enough)
    }

    /// The same where no program of ours is looked at.
    pub fn wait_until<T>(patience: Duration, mut look: impl FnMut() -> T, enough: impl Fn(&T) -> bool) -> T {
        let start = Instant::now();
        loop {
            let seen = look();
            if enough(&seen) || start.elapsed() > patience {
                return seen;
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// How it ended, if it ends by itself within `patience`.
    pub fn ends_within(&mut self, patience: Duration) -> Option<std::process::ExitStatus> {
        let start = Instant::now();
        while start.elapsed() < patience {
            if let Some(status) = self.child.try_wait().expect("the process is ours") {
                return Some(status);
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        None
    }

    /// Asks it to stop, as a service manager does; how it ended, if it does within `patience`.
    pub fn terminate(&mut self, patience: Duration) -> Option<std::process::ExitStatus> {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill runs");
        assert!(asked.success(), "the process is there");
        self.ends_within(patience)
    }

    /// `kill -9`.
    pub fn kill_hard(mut self) {
        self.child.kill().expect("the process is ours");
        self.child.wait().expect("it is gone");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port of the loopback address that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port()
}

/// One plain request and its whole answer.
pub fn exchange(port: u16, request: &str) -> Option<String> {
    use std::io::Write;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}
