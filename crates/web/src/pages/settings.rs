//! The effective configuration: every setting with its value and where that comes from, secrets hidden. Must not change one.

use askama::Template;
use axum::response::Response;

use super::shell::{Shell, Visit};
use super::{prose, show};
use crate::problem::Problem;
use crate::settings::ShownSetting;

#[derive(Template)]
#[template(path = "settings.html")]
struct Page {
    shell: Shell,
    file: String,
    sections: Vec<Section>,
}

/// Settings of one table of the file.
struct Section {
    name: &'static str,
    settings: Vec<Row>,
}

struct Row {
    key: &'static str,
    setting: ShownSetting,
}

impl Row {
    /// What it is, as HTML.
    fn doc(&self) -> String {
        prose::html(&self.setting.doc)
    }
}

/// The page.
pub async fn page(visit: Visit) -> Result<Response, Problem> {
    let live = visit.app.live();
    show(&Page {
        shell: visit.shell("Settings", "Settings"),
        file: live.file.clone(),
        sections: sections(&live.shown),
    })
}

/// By table, in the order of the file.
fn sections(all: &[ShownSetting]) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for setting in all {
        let (name, key) = setting.name.split_once('.').unwrap_or(("", setting.name));
        let row = Row {
            key,
            setting: setting.clone(),
        };
        match sections.last_mut() {
            Some(last) if last.name == name => last.settings.push(row),
            _ => sections.push(Section {
                name,
                settings: vec![row],
            }),
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_stand_in_their_tables() {
        let setting = |name| ShownSetting {
            name,
            value: None,
            source: None,
            doc: String::new(),
        };
        let all = ["stream_names", "timeout", "web.token", "web.user"].map(setting);
        let sections = sections(&all);
        let told: Vec<_> = sections
            .iter()
            .map(|one| (one.name, one.settings.iter().map(|row| row.key).collect()))
            .collect();
        let wanted: [(&str, Vec<&str>); 2] = [
            ("", vec!["stream_names", "timeout"]),
            ("web", vec!["token", "user"]),
        ];
        assert_eq!(told, wanted);
    }
}
