//! Prints the readings as shell commands, one a line with its name before it: to try them by hand, and for
//! `tests/recorded/record`, which keeps real answers for the tests.

#[path = "../tests/readings/mod.rs"]
mod readings;

use quarterdeck_slurm::script::quote;

fn main() {
    for (name, reading) in readings::readings() {
        let environment: Vec<String> =
            reading.environment.iter().map(|(name, value)| format!("{name}={}", quote(value))).collect();
        let arguments: Vec<String> = reading.arguments.iter().map(|argument| quote(argument)).collect();
        println!("{name}\t{} {} {}", environment.join(" "), reading.program, arguments.join(" "));
    }
}
