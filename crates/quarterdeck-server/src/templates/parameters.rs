//! Checks what a user filled into a template's form. What passes is what the job gets, byte for byte.

use serde_json::{Map, Value};

use crate::problem::{FieldError, pointer_token};
use crate::templates::definition::{Parameter, ParameterType, Template};

/// Longest text where the template sets no `max_length`, in characters. Linux passes at most 128 KiB in one argument,
/// and a Korean letter takes three bytes.
const MAX_CHARACTERS: u32 = 40_000;

/// Completes the given parameters with the template's defaults. An optional one without default becomes `''` where it
/// is a text, else null.
///
/// # Errors
/// Each field that is wrong, with the pointer `/parameters/<name>` and one of the codes `unknown-parameter`,
/// `missing-parameter`, `wrong-type`, `out-of-range`, `too-long`, `no-match`, `not-a-choice`, `nul-byte`, `newline`.
pub fn check_parameters(
    template: &Template,
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, Vec<FieldError>> {
    let mut errors = Vec::new();
    let is_known = |name: &str| template.parameters.iter().any(|parameter| parameter.name == name);
    for name in given.keys().filter(|name| !is_known(name)) {
        let detail = format!("The template {} has no parameter \"{name}\": remove it.", template.id);
        errors.push(FieldError::new(pointer(name), "unknown-parameter", detail));
    }
    let mut complete = Map::new();
    for parameter in &template.parameters {
        match value_of(parameter, given.get(&parameter.name)) {
            Ok(value) => {
                complete.insert(parameter.name.clone(), value);
            }
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(complete) } else { Err(errors) }
}

fn value_of(parameter: &Parameter, given: Option<&Value>) -> Result<Value, FieldError> {
    let is_text = matches!(parameter.kind, ParameterType::String | ParameterType::Text);
    let value = given.filter(|value| !value.is_null()).unwrap_or(&parameter.default);
    if value.is_null() || (is_text && value == "") {
        if parameter.required {
            let detail = format!("{} is missing: fill it in.", parameter.label.en);
            return Err(FieldError::new(pointer(&parameter.name), "missing-parameter", detail));
        }
        return Ok(if is_text { Value::from("") } else { Value::Null });
    }
    check_value(parameter, value)?;
    Ok(value.clone())
}

/// Whether a value, not null, is one that the parameter may have.
pub(super) fn check_value(parameter: &Parameter, value: &Value) -> Result<(), FieldError> {
    match (parameter.kind, value) {
        (ParameterType::String | ParameterType::Text, Value::String(text)) => check_text(parameter, text),
        (ParameterType::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => {
            check_range(parameter, value)
        }
        (ParameterType::Number, Value::Number(_)) => check_range(parameter, value),
        (ParameterType::Boolean, Value::Bool(_)) => Ok(()),
        (ParameterType::Choice, Value::String(text)) => check_choice(parameter, text),
        (kind, _) => {
            let (word, wanted) = match kind {
                ParameterType::String | ParameterType::Text => ("string", "a text"),
                ParameterType::Choice => ("string", "one of the choices"),
                ParameterType::Integer => ("integer", "a whole number"),
                ParameterType::Number => ("number", "a number"),
                ParameterType::Boolean => ("boolean", "true or false"),
            };
            Err(fault(parameter, "wrong-type", format!("must be {wanted}")).with("type", word))
        }
    }
}

fn check_text(parameter: &Parameter, text: &str) -> Result<(), FieldError> {
    if text.contains('\0') {
        return Err(fault(parameter, "nul-byte", "holds a NUL byte: remove it"));
    }
    if parameter.kind == ParameterType::String && text.contains(['\n', '\r']) {
        return Err(fault(parameter, "newline", "must be one line"));
    }
    let longest = parameter.max_length.unwrap_or(MAX_CHARACTERS).min(MAX_CHARACTERS);
    if text.chars().count() > longest as usize {
        let detail = format!("has more than {longest} characters: shorten it");
        return Err(fault(parameter, "too-long", detail).with("max_length", longest));
    }
    // The pattern was compiled once when the template was loaded.
    match parameter.compiled_pattern() {
        Ok(Some(pattern)) if !pattern.is_match(text) => {
            let pattern = parameter.pattern.as_deref().unwrap_or_default();
            Err(fault(parameter, "no-match", format!("must match {pattern}")).with("pattern", pattern))
        }
        _ => Ok(()),
    }
}

/// Integers are compared as integers: as a float, 2⁵³ + 1 is 2⁵³.
fn check_range(parameter: &Parameter, value: &Value) -> Result<(), FieldError> {
    let (below, above) = match parameter.kind {
        ParameterType::Integer => {
            // An unsigned number that does not fit i64 is above every bound that a template can set.
            let number = value.as_i64().unwrap_or(i64::MAX);
            let bound = |bound: &Option<serde_json::Number>| bound.as_ref().and_then(serde_json::Number::as_i64);
            let above = bound(&parameter.maximum).is_some_and(|max| number > max) || !value.is_i64();
            (bound(&parameter.minimum).is_some_and(|min| number < min), above)
        }
        _ => {
            let number = value.as_f64().unwrap_or(f64::NAN);
            let bound = |bound: &Option<serde_json::Number>| bound.as_ref().and_then(serde_json::Number::as_f64);
            let below = bound(&parameter.minimum).is_some_and(|min| number < min);
            (below, bound(&parameter.maximum).is_some_and(|max| number > max))
        }
    };
    if !below && !above {
        return Ok(());
    }
    let detail = match (&parameter.minimum, &parameter.maximum) {
        (Some(min), Some(max)) => format!("must be between {min} and {max}"),
        (Some(min), None) if below => format!("must be at least {min}"),
        (None, Some(max)) => format!("must be at most {max}"),
        _ => "is too large".to_owned(),
    };
    let bound = |bound: &Option<serde_json::Number>| bound.clone().map_or(Value::Null, Value::Number);
    Err(fault(parameter, "out-of-range", detail)
        .with("minimum", bound(&parameter.minimum))
        .with("maximum", bound(&parameter.maximum)))
}

fn check_choice(parameter: &Parameter, text: &str) -> Result<(), FieldError> {
    if parameter.choices.iter().any(|choice| choice.value == text) {
        return Ok(());
    }
    let choices: Vec<&str> = parameter.choices.iter().map(|choice| choice.value.as_str()).collect();
    let detail = format!("must be one of {}", choices.join(", "));
    Err(fault(parameter, "not-a-choice", detail).with("choices", choices))
}

fn fault(parameter: &Parameter, code: &str, detail: impl std::fmt::Display) -> FieldError {
    FieldError::new(pointer(&parameter.name), code, format!("{} {detail}.", parameter.label.en))
}

fn pointer(name: &str) -> String {
    format!("/parameters/{}", pointer_token(name))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn template() -> Template {
        let parameter = |text: &str| format!("  - label: {{ en: Field, ko: 항목 }}\n{text}");
        let parameters: String = [
            "    name: line\n    type: string\n    required: false\n    max_length: 5\n",
            "    name: lines\n    type: text\n    required: false\n",
            "    name: word\n    type: string\n    required: false\n    pattern: '[a-z]+|빛'\n",
            "    name: count\n    type: integer\n    required: true\n    minimum: -1\n    maximum: 9007199254740993\n",
            "    name: ratio\n    type: number\n    required: false\n    maximum: 0.5\n    default: 0.25\n",
            "    name: flag\n    type: boolean\n    required: true\n    default: false\n",
            "    name: mode\n    type: choice\n    required: false\n    \
             choices: [{ value: fast, label: { en: fast, ko: 빠르게 } }]\n",
        ]
        .map(parameter)
        .concat();
        let yaml = format!(
            "id: t\nversion: '1'\nname: {{ en: a, ko: b }}\ndescription: {{ en: a, ko: b }}\ncategory: c\ntags: []\n\
             schedulers: [local]\nimage: none\nresources: {{}}\nparameters:\n{parameters}script: 'true'\n"
        );
        Template::parse(&yaml).unwrap()
    }

    #[test]
    fn what_is_not_given_is_completed() {
        let given = json!({"count": 3, "ratio": null});
        let complete = check_parameters(&template(), given.as_object().unwrap()).unwrap();
        let expected =
            json!({"line": "", "lines": "", "word": "", "count": 3, "ratio": 0.25, "flag": false, "mode": null});
        assert_eq!(Value::from(complete), expected);
    }

    #[rstest]
    #[case::shell("lines", json!("$(id) `id` 'a' \"b\"\\\n한글\r\n\t\u{7f}"))]
    #[case::five_korean_letters("line", json!("가나다라마"))]
    #[case::pattern("word", json!("빛"))]
    #[case::largest("count", json!(9_007_199_254_740_993_i64))]
    #[case::whole_number("ratio", json!(0))]
    #[case::choice("mode", json!("fast"))]
    fn what_fits_arrives_as_it_is(#[case] name: &str, #[case] value: Value) {
        let mut given = Map::from_iter([("count".to_owned(), json!(0))]);
        given.insert(name.to_owned(), value.clone());
        assert_eq!(check_parameters(&template(), &given).unwrap()[name], value);
    }

    #[rstest]
    #[case("nothing", json!(1), "unknown-parameter")]
    #[case("count", json!(null), "missing-parameter")]
    #[case("count", json!("3"), "wrong-type")]
    #[case("count", json!(3.5), "wrong-type")]
    #[case("count", json!(-2), "out-of-range")]
    #[case("count", json!(9_007_199_254_740_994_i64), "out-of-range")]
    #[case("count", json!(u64::MAX), "out-of-range")]
    #[case("ratio", json!(0.50001), "out-of-range")]
    #[case("ratio", json!("0.1"), "wrong-type")]
    #[case("flag", json!("true"), "wrong-type")]
    #[case("line", json!(5), "wrong-type")]
    #[case("line", json!(["a"]), "wrong-type")]
    #[case("line", json!("abcdef"), "too-long")]
    #[case("line", json!("a\nb"), "newline")]
    #[case("line", json!("a\rb"), "newline")]
    #[case("lines", json!("a\0b"), "nul-byte")]
    #[case("lines", json!("a".repeat(40_001)), "too-long")]
    #[case("word", json!("abc1"), "no-match")]
    #[case("word", json!("1abc"), "no-match")]
    #[case("mode", json!("slow"), "not-a-choice")]
    fn what_does_not_fit_is_named(#[case] name: &str, #[case] value: Value, #[case] code: &str) {
        let mut given = Map::from_iter([("count".to_owned(), json!(0))]);
        given.insert(name.to_owned(), value);
        let errors = check_parameters(&template(), &given).unwrap_err();
        let named: Vec<(&str, &str)> = errors.iter().map(|e| (e.pointer.as_str(), e.code.as_str())).collect();
        assert_eq!(named, [(format!("/parameters/{name}").as_str(), code)]);
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let given = json!({"a/b": 1, "line": "abcdef"});
        let errors = check_parameters(&template(), given.as_object().unwrap()).unwrap_err();
        let pointers: Vec<&str> = errors.iter().map(|e| e.pointer.as_str()).collect();
        assert_eq!(pointers, ["/parameters/a~1b", "/parameters/line", "/parameters/count"]);
    }
}
