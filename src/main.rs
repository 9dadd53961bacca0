//! The program: one thin start of [`callahead::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    callahead::cli::main()
}
