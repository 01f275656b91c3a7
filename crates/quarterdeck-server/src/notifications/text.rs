//! The words of messages that leave the portal, in the user's language. (The page has its own, for the same codes.)

use serde_json::Value;

use super::address::CODE_SENT;
use super::deliver::Message;
use super::settings::Language;

/// Of a job's name; the page has all of it.
const LONGEST_NAME: usize = 80;

pub(super) struct Words {
    pub title: String,
    pub body: String,
    /// Why this message comes.
    pub why: String,
}

pub(super) fn words(message: &Message) -> Words {
    let facts = Facts(&message.notification.params);
    let (title, body) = match message.language {
        Language::En => english(&message.notification.code, &facts),
        Language::Ko => korean(&message.notification.code, &facts),
    };
    let settings = message.settings_url().map(|url| format!(" {url}")).unwrap_or_default();
    let why = match message.language {
        Language::En if message.notification.code == CODE_SENT => {
            "Somebody entered this address in Quarterdeck. If that was not you, do nothing: nothing more is sent here."
                .to_owned()
        }
        Language::Ko if message.notification.code == CODE_SENT => {
            "누군가 Quarterdeck에 이 주소를 입력했습니다. 본인이 아니라면 무시하십시오. 더 이상 메일을 보내지 않습니다."
                .to_owned()
        }
        Language::En => format!("You chose to be told this by Quarterdeck. Change that in your settings.{settings}"),
        Language::Ko => format!("Quarterdeck에서 설정하신 알림입니다. 설정에서 바꿀 수 있습니다.{settings}"),
    };
    Words { title: one_line(&title), body: one_line(&body), why }
}

fn english(code: &str, facts: &Facts) -> (String, String) {
    let (job, name, cluster) = (facts.job_id(), facts.name(), facts.text("cluster"));
    let on = format!("“{name}” on {cluster}");
    match code {
        "job-started" => (format!("Job {job} started: {name}"), format!("{on} runs now.")),
        "job-ended" if facts.text("state") == "CANCELLED" => {
            (format!("Job {job} was cancelled: {name}"), format!("{on} was cancelled."))
        }
        "job-ended" => (format!("Job {job} completed: {name}"), format!("{on} completed.")),
        "job-failed" => {
            let how = match facts.text("state") {
                "TIMEOUT" => "reached its time limit and was ended".to_owned(),
                "OUT_OF_MEMORY" => "ran out of memory".to_owned(),
                "NODE_FAIL" => "ended because its node failed".to_owned(),
                "BOOT_FAIL" => "could not start: its node did not boot".to_owned(),
                "DEADLINE" => "could not end before its deadline".to_owned(),
                "PREEMPTED" => "was ended to make room for another job".to_owned(),
                _ => match (facts.number("exit_code"), facts.number("signal")) {
                    (_, Some(signal)) if signal > 0 => format!("failed: ended by signal {signal}"),
                    (Some(code), _) => format!("failed with exit code {code}"),
                    _ => "failed".to_owned(),
                },
            };
            (format!("Job {job} failed: {name}"), format!("{on} {how}{}.", facts.reason()))
        }
        "job-time-limit" => {
            let left = match facts.number("minutes_left") {
                Some(1) => "1 minute".to_owned(),
                minutes => format!("{} minutes", minutes.unwrap_or(0)),
            };
            (
                format!("Job {job} nears its time limit: {name}"),
                format!("{on} is ended in {left} unless it ends before."),
            )
        }
        "job-requeued" => (format!("Job {job} waits again: {name}"), format!("{on} was put back into the queue.")),
        CODE_SENT => {
            let code = facts.text("code");
            (
                "Confirm your mail address".to_owned(),
                format!("Enter this code in your notification settings within 30 minutes: {code}"),
            )
        }
        _ => ("Test message".to_owned(), "Messages of Quarterdeck reach you this way.".to_owned()),
    }
}

fn korean(code: &str, facts: &Facts) -> (String, String) {
    let (job, name, cluster) = (facts.job_id(), facts.name(), facts.text("cluster"));
    let on = format!("{cluster} 클러스터의 “{name}” 작업");
    match code {
        "job-started" => (format!("작업 {job} 시작: {name}"), format!("{on}이 실행을 시작했습니다.")),
        "job-ended" if facts.text("state") == "CANCELLED" => {
            (format!("작업 {job} 취소됨: {name}"), format!("{on}이 취소되었습니다."))
        }
        "job-ended" => (format!("작업 {job} 완료: {name}"), format!("{on}이 완료되었습니다.")),
        "job-failed" => {
            let how = match facts.text("state") {
                "TIMEOUT" => "이 시간 제한에 이르러 끝났습니다".to_owned(),
                "OUT_OF_MEMORY" => "이 메모리 부족으로 끝났습니다".to_owned(),
                "NODE_FAIL" => "이 노드 장애로 끝났습니다".to_owned(),
                "BOOT_FAIL" => "이 노드 부팅 실패로 시작되지 못했습니다".to_owned(),
                "DEADLINE" => "이 기한 안에 끝나지 못했습니다".to_owned(),
                "PREEMPTED" => "이 다른 작업에 자원을 내주고 끝났습니다".to_owned(),
                _ => match (facts.number("exit_code"), facts.number("signal")) {
                    (_, Some(signal)) if signal > 0 => format!("이 시그널 {signal}(으)로 끝났습니다"),
                    (Some(code), _) => format!("이 종료 코드 {code}(으)로 실패했습니다"),
                    _ => "이 실패했습니다".to_owned(),
                },
            };
            (format!("작업 {job} 실패: {name}"), format!("{on}{how}{}.", facts.reason()))
        }
        "job-time-limit" => (
            format!("작업 {job}의 시간 제한이 가까워졌습니다: {name}"),
            format!("{on}은 {}분 뒤 시간 제한에 이르러 끝납니다.", facts.number("minutes_left").unwrap_or(0)),
        ),
        "job-requeued" => (format!("작업 {job} 다시 대기 중: {name}"), format!("{on}이 대기열로 돌아갔습니다.")),
        CODE_SENT => {
            let code = facts.text("code");
            ("메일 주소 확인".to_owned(), format!("30분 안에 알림 설정에 다음 코드를 입력하십시오: {code}"))
        }
        _ => ("시험 메시지".to_owned(), "Quarterdeck의 메시지가 이 방법으로 전달됩니다.".to_owned()),
    }
}

/// A notification's parameters, read with care: whatever is missing is empty.
struct Facts<'a>(&'a Value);

impl Facts<'_> {
    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_default()
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.0[name].as_i64()
    }

    /// Slurm's word, in brackets.
    fn reason(&self) -> String {
        match self.text("reason") {
            "" | "None" => String::new(),
            reason => format!(" ({reason})"),
        }
    }

    fn job_id(&self) -> &str {
        self.text("job_id")
    }

    fn name(&self) -> String {
        let name = self.text("name");
        match name.char_indices().nth(LONGEST_NAME) {
            Some((end, _)) => format!("{}…", &name[..end]),
            None => name.to_owned(),
        }
    }
}

/// What a user named may hold anything; a title is one line, and so is a body.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::deliver::testing::message;
    use super::*;

    #[test]
    fn a_failure_says_how_in_both_languages() {
        let params = json!({
            "job_id": "5", "name": "fluid", "cluster": "wind", "state": "FAILED", "exit_code": 3,
            "reason": "NonZeroExitCode",
        });
        let mut told = message("job-failed", params);
        assert_eq!(words(&told).title, "Job 5 failed: fluid");
        assert_eq!(words(&told).body, "“fluid” on wind failed with exit code 3 (NonZeroExitCode).");
        told.language = Language::Ko;
        assert_eq!(words(&told).title, "작업 5 실패: fluid");
        assert_eq!(
            words(&told).body,
            "wind 클러스터의 “fluid” 작업이 종료 코드 3(으)로 실패했습니다 (NonZeroExitCode)."
        );
    }

    #[test]
    fn a_name_stays_on_its_line_and_short() {
        let told = message("job-started", json!({"job_id": "5", "name": format!("a\nb\r{}", "가".repeat(200))}));
        let title = words(&told).title;
        assert!(title.starts_with("Job 5 started: a b 가") && title.ends_with('…'), "{title}");
        assert!(title.chars().count() < 120);
    }
}
