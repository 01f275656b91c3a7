use std::process::Command;

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::script::quote;

const MARKS: Marks = Marks { begin: '\u{f0000}', end: '\u{f0001}' };

/// `@` stands for the value.
fn marked(script: &str, value: &str) -> String {
    script.replace('@', &format!("{}{}{}", MARKS.begin, quote(value), MARKS.end))
}

fn place(script: &str) -> Option<Place> {
    misplaced(&marked(script, "it's \"a\"\n) # `"), MARKS).map(|misplaced| misplaced.place)
}

#[rstest]
#[case("echo @")]
#[case("x=@")]
#[case("a=(b @ c)\necho @")]
#[case("echo \"$(echo @)\"")]
#[case("echo \"$(echo \"x\" @)\" @")]
#[case("echo \"${x:-\"y\"}\" @")]
#[case("mapfile -t a < <(printf '%s' @)")]
#[case("# it's a comment\necho @")]
#[case("echo a#b '#' \"#\" \\# @")]
#[case("echo $# ${#x} ${x#'}'} ${x##*/} @")]
#[case("cat <<'END' @\nit's \" text\nEND\necho @")]
#[case("cat <<-END\n\tit's\n\tEND\necho @")]
#[case("cat <<A <<\"B C\"; echo @\n' A\nA\n\"\nB C\necho @")]
#[case("cat <<< @\necho \"a\" <<< @")]
#[case("echo \"$(cat <<END\n\" ' )\nEND\n)\" @")]
#[case("(( n > 3 )) && echo @; n=$(( (1 + 2) * 3 )); echo @")]
#[case("((echo a) ; echo b) ; echo @")]
#[case("case $x in a) echo @;; (b|@) echo;; *) echo ')';; esac\necho @")]
#[case("echo \"$(case $x in a) echo @;; esac)\" @")]
#[case("echo case; (echo case) && echo \"$(echo case @)\" @")]
#[case("f() { echo @; }\nfunction g { case x in y) ;; esac; }\nif case a in a) true;; esac; then echo @; fi")]
#[case("echo $'it\\'s' @ $\"x\" @")]
#[case("echo a \\\n  # no comment\necho @")]
#[case("[[ $x == @ && $y =~ ^(a|b)$ ]] && echo @")]
#[case("x=1 2>&1 >/dev/null echo @ &> @ >| @")]
#[case("for ((i = 0; i < 3; i++)); do echo @; done")]
#[case("echo `date` @")]
#[case("echo [@] a[1]=b x@y @@")]
#[case("grep -v @ file; mapfile -t a < <(printf '%s' @); local x=@ y=@; printf '%s' @; [[ -n @ ]]")]
#[case("X=1 Y=@ prog @; export Z=@; read x; echo @; [ -f @ ] && test -d @")]
fn a_value_may_stand_wherever_a_word_may(#[case] script: &str) {
    assert_eq!(place(script), None, "{script}");
}

#[rstest]
#[case("echo \"@\"", Place::DoubleQuotes)]
#[case("echo \"a $(date) @\"", Place::DoubleQuotes)]
#[case("echo $\"@\"", Place::DoubleQuotes)]
#[case("echo \"$(echo case) @\"", Place::DoubleQuotes)]
#[case("echo \"$(case x in a) \"@\" ;; esac)\"", Place::DoubleQuotes)]
#[case("echo \"\\\" @\"", Place::DoubleQuotes)]
#[case("echo '@'", Place::SingleQuotes)]
#[case("echo $'a\\'@'", Place::SingleQuotes)]
#[case("# @", Place::Comment)]
#[case("echo x # @", Place::Comment)]
#[case("echo x;# @", Place::Comment)]
#[case("(echo x)# @", Place::Comment)]
#[case("#SBATCH --comment=@", Place::Comment)]
#[case("cat <<END\n@\nEND", Place::HereDocument)]
#[case("cat <<'END'\n@\nEND", Place::HereDocument)]
#[case("cat <<-\\END >x\n\t@\n\tEND", Place::HereDocument)]
#[case("cat <<@\nx\n", Place::HereDocument)]
#[case("x=$(cat <<END\n@\nEND\n)", Place::HereDocument)]
#[case("echo `echo @`", Place::Backquotes)]
#[case("echo `echo $(echo @)`", Place::Backquotes)]
#[case("echo ${x:-@}", Place::Expansion)]
#[case("echo \"${x:-@}\"", Place::Expansion)]
#[case("echo $(( @ + 1 ))", Place::Arithmetic)]
#[case("(( x = @ ))", Place::Arithmetic)]
#[case("echo $[ @ ]", Place::Arithmetic)]
#[case("[[ $x -gt @ ]]", Place::Arithmetic)]
#[case("[[ @ -lt 3 ]]", Place::Arithmetic)]
#[case("a[@]=1", Place::Arithmetic)]
#[case("let x=@", Place::Arithmetic)]
#[case("X=1 let @", Place::Arithmetic)]
#[case("builtin let x=@", Place::Arithmetic)]
#[case("if read @; then true; fi", Place::Arithmetic)]
#[case("unset @", Place::Arithmetic)]
#[case("declare @", Place::Arithmetic)]
#[case("declare -ri x=@", Place::Arithmetic)]
#[case("local -n x=@", Place::Arithmetic)]
#[case("declare -i x\nx=@", Place::Arithmetic)]
#[case("[[ -v @ ]]", Place::Arithmetic)]
#[case("[[ a && ! -v @ ]]", Place::Arithmetic)]
#[case("[ -v @ ]", Place::Arithmetic)]
#[case("test -v @", Place::Arithmetic)]
#[case("printf -v @ x", Place::Arithmetic)]
#[case("echo \\@", Place::Escaped)]
#[case("echo $@", Place::Escaped)]
#[case("a=((\n@", Place::Unclear)]
#[case("echo )\necho @", Place::Unclear)]
#[case("for ((i = 0; i < @; i++)); do true; done", Place::Arithmetic)]
fn elsewhere_it_is_refused(#[case] script: &str, #[case] expected: Place) {
    assert_eq!(place(script), Some(expected), "{script}");
}

#[test]
fn says_where_and_leaves_no_mark() {
    let script = marked("echo @\necho \"@\"", "x");
    let found = misplaced(&script, MARKS).unwrap();
    assert_eq!(script[..found.at].matches('\n').count(), 1);
    assert_eq!(MARKS.remove(&script), "echo 'x'\necho \"'x'\"");
    assert_eq!(Marks::not_in(&["a\u{f0000}b", "\u{f0002}"]), Marks { begin: '\u{f0001}', end: '\u{f0003}' });
}

/// What puts a shell into another state, or seems to.
const PIECES: [&str; 54] = [
    " ",
    "\n",
    "\"",
    "'",
    "`",
    "#",
    "\\",
    "$",
    "(",
    ")",
    "((",
    "))",
    "$(",
    "$((",
    "${x",
    "}",
    "{",
    "[",
    "]",
    "[[ ",
    " ]]",
    "<<E\n",
    "<<'E'\n",
    "<<-E\n",
    "\nE\n",
    ";",
    "&",
    "|",
    ";;",
    "case x in ",
    "x) ",
    " esac",
    "if ",
    " then ",
    " fi",
    "echo ",
    "a=",
    "x",
    "-eq ",
    "<(",
    "<<<",
    ">&2 ",
    "@",
    " @ ",
    "let ",
    "read ",
    "declare ",
    "-i ",
    "-v ",
    "unset ",
    "printf ",
    "=",
    "test ",
    "IFS=x ",
];

/// `QD_TEST_PLACES=20000` searches.
fn cases() -> u32 {
    std::env::var("QD_TEST_PLACES").ok().and_then(|count| count.parse().ok()).unwrap_or(150)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]
    /// However little sense a script makes: where this lets a value stand, bash runs none of it.
    #[test]
    fn bash_runs_no_value_that_is_let_in(parts in prop::collection::vec(prop::sample::select(&PIECES[..]), 1..14)) {
        let directory = std::env::temp_dir().join(format!("quarterdeck-places-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let owned = directory.join("owned");
        let run = format!("touch {}", owned.display());
        let script = format!("{}@\n", parts.concat());
        for value in [
            format!("$({run})"), format!("`{run}`"), format!("\n{run}\n"), format!("\nE\n{run}\n"), format!("a[$({run})]"),
            format!("';{run};'"), format!("\";{run};\""), format!(";{run};"), format!("){run};("),
        ] {
            let script = marked(&script, &value);
            if misplaced(&script, MARKS).is_some() {
                continue;
            }
            let script = MARKS.remove(&script);
            let mut bash = Command::new("bash");
            bash.args(["--noprofile", "--norc", "-c", &script]).current_dir(&directory).env("PATH", "/usr/bin:/bin");
            let _ = bash.stdin(std::process::Stdio::null()).output().unwrap();
            let ran = owned.exists();
            let _ = std::fs::remove_file(&owned);
            prop_assert!(!ran, "{script}");
        }
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
