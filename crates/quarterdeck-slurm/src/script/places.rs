//! Where in a shell script a value may stand. [`quote`](super::quote()) makes one word of it, which a shell takes as it
//! is only where it reads words: in double quotes `"'$(id)'"` is run, behind `#` or in a here-document a line end gets
//! out of it, and arithmetic runs what stands in `a[…]`.
//!
//! This reads a script as bash's grammar does, as far as quoting goes (POSIX 2.2 and 2.3, Bash Reference Manual 3.1.2).
//! Where it cannot tell, it takes the place for a worse one.

use thiserror::Error;

/// Characters that begin and end each value of a script, and stand nowhere else in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    pub begin: char,
    pub end: char,
}

impl Marks {
    /// Two that none of these texts holds.
    pub fn not_in(texts: &[&str]) -> Marks {
        // A private plane: almost nobody uses it, so the first two nearly always do.
        let mut free = ('\u{f0000}'..).filter(|mark| !texts.iter().any(|text| text.contains(*mark)));
        let mut next = || free.next().unwrap_or(char::MAX);
        Marks { begin: next(), end: next() }
    }

    /// The script without them.
    pub fn remove(self, script: &str) -> String {
        script.replace([self.begin, self.end], "")
    }
}

/// A place where a value would not arrive as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Place {
    #[error("in double quotes: leave them away, a value brings its own quotes")]
    DoubleQuotes,
    #[error("in single quotes: leave them away, a value brings its own quotes")]
    SingleQuotes,
    #[error("in a comment, which a line end in it would leave: write it elsewhere")]
    Comment,
    #[error(
        "in a here-document, where quotes mean nothing: put it into a variable first, or write printf '%s\\n' VALUE"
    )]
    HereDocument,
    #[error("behind a backslash or $, which changes what its quotes mean: leave that away")]
    Escaped,
    #[error("in backquotes: write $(command) instead")]
    Backquotes,
    #[error("in ${{…}}: put it into a variable first")]
    Expansion,
    #[error("where it cannot be told how quotes are read, since bash would stop at what stands before: correct that")]
    Unclear,
    #[error("where bash calculates with it and so could run it: make it an integer or a number")]
    Arithmetic,
}

/// A value that stands where it must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misplaced {
    pub place: Place,
    /// Of its begin mark, in bytes.
    pub at: usize,
}

/// The first value of a shell script that is not read as a word of its own.
pub fn misplaced(script: &str, marks: Marks) -> Option<Misplaced> {
    let mut reader = Reader {
        script,
        marks,
        at: 0,
        frames: vec![Frame::commands(Ends::AtEnd)],
        here_documents: Vec::new(),
        word_begins: true,
        command_begins: true,
        assigns: false,
        calculating_variables: false,
        last_word: (0, 0),
    };
    reader.read().err()
}

/// What the reader stands in, within what is around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Frame {
    Commands {
        ends: Ends,
        /// In each, a `)` ends a pattern.
        cases: u32,
        /// The one that is being read.
        command: Command,
    },
    Double,
    Expansion {
        in_double: bool,
    },
    Arithmetic {
        /// Of a substitution, `$((`.
        dollar: bool,
        depth: u32,
    },
    /// `$[…]`
    OldArithmetic,
    Backquotes,
    /// Behind what bash would stop at: nobody knows where it goes on.
    Unclear,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    AtEnd,
    Subshell,
    /// `a=(…)`
    Array,
    /// `f()`, and of patterns: `@(a|b)`, `[[ x =~ (a|b) ]]`.
    Pattern,
    /// `$(…)`, `<(…)`: behind it a word goes on.
    Substitution,
}

/// What a command does with its words beside passing them on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Command {
    Other,
    /// Takes them for names or sums: `let`, `read`.
    Calculates,
    /// Behind `-i` and `-n` what is assigned is calculated too: `declare`, `local`.
    Declares,
    /// Behind `-v` stands a variable's name: `[[`, `test`, `printf`.
    Tests,
}

impl Frame {
    fn commands(ends: Ends) -> Frame {
        Frame::Commands { ends, cases: 0, command: Command::Other }
    }
}

struct HereDocument {
    delimiter: String,
    strips_tabs: bool,
}

struct Reader<'a> {
    script: &'a str,
    marks: Marks,
    at: usize,
    frames: Vec<Frame>,
    /// Whose texts begin behind the next line end.
    here_documents: Vec<HereDocument>,
    word_begins: bool,
    command_begins: bool,
    /// Of the variables before a command: it begins behind this word.
    assigns: bool,
    /// Some variable calculates what it is assigned.
    calculating_variables: bool,
    /// The last word without quotes, as bytes of the script.
    last_word: (usize, usize),
}

type Read = Result<(), Misplaced>;

/// Words behind which a command begins.
const BEFORE_COMMANDS: [&str; 11] =
    ["if", "then", "elif", "else", "while", "until", "do", "time", "coproc", "command", "builtin"];
const COMPARISONS: [&str; 6] = ["-eq", "-ne", "-lt", "-le", "-gt", "-ge"];

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.script[self.at..]
    }

    fn top(&mut self) -> &mut Frame {
        // Nothing takes the outermost away.
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    fn take(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        let there = self.rest().starts_with(text);
        if there {
            self.at += text.len();
        }
        there
    }

    /// Up to this character, which is taken too; a mark on the way is misplaced.
    fn skip_past(&mut self, end: char, place: Place) -> Read {
        let rest = self.rest();
        let length = rest.find(end).map_or(rest.len(), |at| at + end.len_utf8());
        self.refuse_within(length, place)?;
        self.at += length;
        Ok(())
    }

    fn refuse_here(&self, place: Place) -> Read {
        match self.rest().starts_with(self.marks.begin) {
            true => Err(Misplaced { place, at: self.at }),
            false => Ok(()),
        }
    }

    fn refuse_within(&self, length: usize, place: Place) -> Read {
        match self.rest()[..length].find(self.marks.begin) {
            Some(at) => Err(Misplaced { place, at: self.at + at }),
            None => Ok(()),
        }
    }

    fn read(&mut self) -> Read {
        while let Some(c) = self.rest().chars().next() {
            if c == self.marks.begin {
                self.value()?;
                continue;
            }
            match *self.top() {
                Frame::Commands { .. } => self.in_commands(c)?,
                Frame::Double => self.in_double(c)?,
                Frame::Expansion { in_double } => self.in_expansion(c, in_double)?,
                Frame::Arithmetic { dollar, depth } => self.in_arithmetic(c, dollar, depth)?,
                Frame::OldArithmetic => self.in_old_arithmetic(c)?,
                Frame::Backquotes => self.in_backquotes(c)?,
                Frame::Unclear => {
                    self.refuse_within(self.rest().len(), Place::Unclear)?;
                    self.at = self.script.len();
                }
            }
        }
        Ok(())
    }

    fn value(&mut self) -> Read {
        let at = self.at;
        let wrong = |place| Err(Misplaced { place, at });
        if self.frames.contains(&Frame::Backquotes) {
            return wrong(Place::Backquotes);
        }
        match self.top() {
            Frame::Commands { .. } => {}
            Frame::Double => return wrong(Place::DoubleQuotes),
            Frame::Expansion { .. } => return wrong(Place::Expansion),
            Frame::Arithmetic { .. } | Frame::OldArithmetic => return wrong(Place::Arithmetic),
            Frame::Backquotes => return wrong(Place::Backquotes),
            Frame::Unclear => return wrong(Place::Unclear),
        }
        let end = self.marks.end;
        self.at += self.rest().find(end).map_or(self.rest().len(), |at| at + end.len_utf8());
        let behind = self.rest().trim_start_matches([' ', '\t']);
        let compared = COMPARISONS.iter().any(|word| behind.starts_with(word));
        let (from, to) = self.last_word;
        if compared || (self.word_begins && COMPARISONS.contains(&&self.script[from..to])) {
            return wrong(Place::Arithmetic);
        }
        let Frame::Commands { command, .. } = *self.top() else { return wrong(Place::Unclear) };
        let is_calculated = match command {
            Command::Other => false,
            Command::Calculates => true,
            // `declare VALUE` may name `a[…]`.
            Command::Declares => self.word_begins,
            Command::Tests => self.word_begins && &self.script[from..to] == "-v",
        };
        if is_calculated || (self.calculating_variables && self.script[..at].ends_with('=')) {
            return wrong(Place::Arithmetic);
        }
        // `a[VALUE]=…` calculates too.
        let name = self.script[..at].strip_suffix('[').unwrap_or("");
        if name.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            return wrong(Place::Arithmetic);
        }
        self.word_goes_on();
        Ok(())
    }

    fn word_goes_on(&mut self) {
        (self.word_begins, self.command_begins) = (false, false);
    }

    fn in_commands(&mut self, c: char) -> Read {
        let is_in_array = matches!(self.top(), Frame::Commands { ends: Ends::Array, .. });
        let substitutes = ["<(", ">("].iter().any(|begin| self.rest().starts_with(begin));
        match c {
            // Arrays hold words.
            ';' | '&' | '|' | '<' | '>' | '(' if is_in_array && !substitutes => self.frames.push(Frame::Unclear),
            ' ' | '\t' => {
                self.at += 1;
                self.word_begins = true;
                self.command_begins |= std::mem::take(&mut self.assigns);
            }
            '\n' => {
                self.at += 1;
                self.read_here_documents()?;
                self.command();
            }
            ';' | '&' | '|' => {
                self.at += 1;
                self.command();
                self.command_begins = !matches!(self.top(), Frame::Commands { ends: Ends::Pattern, .. });
            }
            '#' if self.word_begins => {
                let length = self.rest().find('\n').unwrap_or(self.rest().len());
                self.refuse_within(length, Place::Comment)?;
                self.at += length;
            }
            '(' if self.word_begins && self.eat("((") => {
                self.frames.push(Frame::Arithmetic { dollar: false, depth: 0 });
            }
            '(' => {
                self.at += 1;
                let ends = match self.word_begins {
                    true => Ends::Subshell,
                    false if self.script[..self.at - 1].ends_with('=') => Ends::Array,
                    false => Ends::Pattern,
                };
                self.frames.push(Frame::commands(ends));
                (self.word_begins, self.command_begins) = (true, ends == Ends::Subshell);
            }
            ')' => self.close_parenthesis(),
            '<' | '>' => self.redirection()?,
            '\\' => {
                self.at += 1;
                self.refuse_here(Place::Escaped)?;
                if self.take() != Some('\n') {
                    self.word_goes_on();
                }
            }
            '\'' | '"' | '$' | '`' => {
                // Before: what is within may begin words of its own.
                self.word_goes_on();
                self.quoted(c, true)?;
            }
            _ => self.plain(c),
        }
        Ok(())
    }

    fn command(&mut self) {
        (self.word_begins, self.command_begins, self.assigns) = (true, true, false);
        if let Frame::Commands { command, .. } = self.top() {
            *command = Command::Other;
        }
    }

    /// One character that means nothing by itself, or a whole word of letters, which may be one of the shell's own.
    fn plain(&mut self, c: char) {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
        if !self.word_begins || end == 0 {
            self.at += c.len_utf8();
            if c == '[' && self.command_begins {
                self.runs(Command::Tests);
            }
            let opens = self.word_begins && self.command_begins && (c == '{' || c == '!');
            self.word_begins = false;
            self.command_begins = opens;
            return;
        }
        let word = &rest[..end];
        self.last_word = (self.at, self.at + end);
        self.at += end;
        let begins = self.command_begins;
        self.word_goes_on();
        if !begins {
            let declares = matches!(self.top(), Frame::Commands { command: Command::Declares, .. });
            if declares && word.starts_with('-') && word.contains(['i', 'n']) {
                self.runs(Command::Calculates);
                self.calculating_variables = true;
            }
            return;
        }
        self.command_begins = BEFORE_COMMANDS.contains(&word);
        self.assigns = ["=", "+=", "["].iter().any(|sign| self.rest().starts_with(sign));
        self.runs(match word {
            "let" | "read" | "mapfile" | "readarray" | "unset" | "getopts" => Command::Calculates,
            "declare" | "typeset" | "local" | "export" | "readonly" => Command::Declares,
            "test" | "printf" | "-v" => Command::Tests,
            _ => Command::Other,
        });
        if let Frame::Commands { cases, .. } = self.top() {
            match word {
                "case" => *cases += 1,
                "esac" => *cases = cases.saturating_sub(1),
                "function" => {
                    // Its name; the body is a command.
                    let rest = self.rest();
                    self.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
                    self.at += self.rest().find([' ', '\t', '\n', '(']).unwrap_or(0);
                    self.command_begins = true;
                }
                _ => {}
            }
        }
    }

    fn runs(&mut self, run: Command) {
        if let Frame::Commands { command, .. } = self.top() {
            *command = run;
        }
    }

    fn close_parenthesis(&mut self) {
        self.at += 1;
        match *self.top() {
            Frame::Commands { cases: 0, ends: Ends::Subshell | Ends::Array | Ends::Pattern, .. } => {
                self.frames.pop();
                (self.word_begins, self.command_begins) = (true, false);
            }
            Frame::Commands { cases: 0, ends: Ends::Substitution, .. } => {
                self.frames.pop();
                self.word_goes_on();
            }
            Frame::Commands { cases: 0, ends: Ends::AtEnd, .. } => self.frames.push(Frame::Unclear),
            // Ends a pattern.
            _ => self.command(),
        }
    }

    fn redirection(&mut self) -> Read {
        if self.eat("<<<") {
            self.word_begins = true;
        } else if self.eat("<<") {
            let strips_tabs = self.eat("-");
            let delimiter = self.delimiter()?;
            self.here_documents.push(HereDocument { delimiter, strips_tabs });
            self.word_goes_on();
        } else if self.eat("<(") || self.eat(">(") {
            self.frames.push(Frame::commands(Ends::Substitution));
            self.command();
        } else {
            self.at += 1;
            // `>&2`, `<&-`: no command begins behind this.
            self.eat("&");
            self.word_begins = true;
        }
        Ok(())
    }

    fn delimiter(&mut self) -> Result<String, Misplaced> {
        while self.eat(" ") || self.eat("\t") {}
        let mut delimiter = String::new();
        while let Some(c) = self.rest().chars().next() {
            match c {
                ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')' => break,
                '\'' | '"' => {
                    self.at += 1;
                    let from = self.at;
                    self.skip_past(c, Place::HereDocument)?;
                    delimiter.push_str(self.script[from..self.at].trim_end_matches(c));
                }
                '\\' => {
                    self.at += 1;
                    delimiter.extend(self.take());
                }
                c if c == self.marks.begin => return Err(Misplaced { place: Place::HereDocument, at: self.at }),
                c => {
                    delimiter.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
        Ok(delimiter)
    }

    fn read_here_documents(&mut self) -> Read {
        for HereDocument { delimiter, strips_tabs } in std::mem::take(&mut self.here_documents) {
            while !self.rest().is_empty() {
                let length = self.rest().find('\n').map_or(self.rest().len(), |end| end + 1);
                let line = self.rest()[..length].trim_end_matches('\n');
                let line = if strips_tabs { line.trim_start_matches('\t') } else { line };
                self.refuse_within(length, Place::HereDocument)?;
                self.at += length;
                if line == delimiter {
                    break;
                }
            }
        }
        Ok(())
    }

    /// A quote or a `$`, wherever it means something; single quotes do where `single`.
    fn quoted(&mut self, c: char, single: bool) -> Read {
        self.at += 1;
        match c {
            '\'' if single => self.skip_past('\'', Place::SingleQuotes)?,
            '"' => self.frames.push(Frame::Double),
            '`' => {
                self.frames.push(Frame::Backquotes);
                self.command();
            }
            '$' => self.dollar(single)?,
            _ => {}
        }
        Ok(())
    }

    fn dollar(&mut self, single: bool) -> Read {
        self.refuse_here(Place::Escaped)?;
        if self.eat("((") {
            self.frames.push(Frame::Arithmetic { dollar: true, depth: 0 });
        } else if self.eat("(") {
            self.frames.push(Frame::commands(Ends::Substitution));
            self.command();
        } else if self.eat("{") {
            let in_double = !single;
            self.frames.push(Frame::Expansion { in_double });
            // `${#name}`
            self.eat("#");
        } else if self.eat("[") {
            self.frames.push(Frame::OldArithmetic);
        } else if single && self.eat("'") {
            loop {
                let rest = self.rest();
                let length = rest.find(['\\', '\'']).map_or(rest.len(), |at| at + 1);
                self.refuse_within(length, Place::SingleQuotes)?;
                let is_escape = rest[..length].ends_with('\\');
                self.at += length;
                if !is_escape || self.take().is_none() {
                    break;
                }
            }
        } else if self.rest().starts_with(['#', '$', '?', '!', '@', '*', '-']) {
            self.at += 1;
        }
        Ok(())
    }

    fn in_double(&mut self, c: char) -> Read {
        match c {
            '"' => {
                self.at += 1;
                self.frames.pop();
                self.word_goes_on();
            }
            '$' | '`' => self.quoted(c, false)?,
            _ => self.skip(c),
        }
        Ok(())
    }

    /// This character, and behind a backslash the next.
    fn skip(&mut self, c: char) {
        self.at += c.len_utf8();
        if c == '\\' && !self.rest().starts_with(self.marks.begin) {
            self.take();
        }
    }

    fn in_expansion(&mut self, c: char, in_double: bool) -> Read {
        match c {
            '}' => {
                self.at += 1;
                self.frames.pop();
                self.word_goes_on();
            }
            '"' | '$' | '`' => self.quoted(c, !in_double)?,
            '\'' if !in_double => self.quoted(c, true)?,
            _ => self.skip(c),
        }
        Ok(())
    }

    fn in_arithmetic(&mut self, c: char, dollar: bool, depth: u32) -> Read {
        match c {
            '(' => {
                self.at += 1;
                *self.top() = Frame::Arithmetic { dollar, depth: depth + 1 };
            }
            ')' if depth > 0 => {
                self.at += 1;
                *self.top() = Frame::Arithmetic { dollar, depth: depth - 1 };
            }
            ')' if self.eat("))") => {
                self.frames.pop();
                (self.word_begins, self.command_begins) = (!dollar, false);
            }
            ')' => {
                // It was a subshell in another, of which this ends the inner one.
                self.at += 1;
                *self.top() = Frame::commands(if dollar { Ends::Substitution } else { Ends::Subshell });
                (self.word_begins, self.command_begins) = (true, false);
            }
            '\'' | '"' | '$' | '`' => self.quoted(c, true)?,
            _ => self.skip(c),
        }
        Ok(())
    }

    fn in_old_arithmetic(&mut self, c: char) -> Read {
        match c {
            ']' => {
                self.at += 1;
                self.frames.pop();
                self.word_goes_on();
            }
            '"' | '$' | '`' => self.quoted(c, false)?,
            _ => self.skip(c),
        }
        Ok(())
    }

    fn in_backquotes(&mut self, c: char) -> Read {
        match c {
            '`' => {
                self.at += 1;
                self.frames.pop();
                self.word_goes_on();
            }
            '\'' | '"' | '$' => self.quoted(c, true)?,
            _ => self.skip(c),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
