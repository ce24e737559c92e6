//! What the descriptions of the faces (OpenAPI 3.1) are made of besides their handlers.

use std::collections::BTreeSet;

use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

/// A text that is one of some words. They come from where they are made, so that none is left out.
pub(crate) fn words(help: &str, words: impl IntoIterator<Item = &'static str>) -> Object {
    let words: BTreeSet<&str> = words.into_iter().collect();
    let help = Some(help).filter(|help| !help.is_empty());
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).description(help).build()
}

/// A sum in major units. It has no format: a float would not be exact.
pub(crate) fn sum(help: &str) -> Object {
    ObjectBuilder::new().schema_type(Type::Number).description(Some(help)).build()
}

#[cfg(test)]
mod changes;

/// A description and how it is kept, for the tests.
#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Map, Value, json};
    use utoipa::openapi::OpenApi;

    use super::changes::{Changes, changes};
    use crate::router::routes;

    /// By this the descriptions are written anew: `1` where nothing breaks, `breaking` whatever breaks.
    const WRITE: &str = "REDRESS_WRITE_OPENAPI";

    /// Holds a description to the one that was published. A change of it is seen here before anybody's client sees it:
    /// what it breaks is not done, what it adds is written.
    #[track_caller]
    pub(crate) fn assert_published(name: &str, document: &OpenApi) {
        let path = format!("{}/../../docs/openapi/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let now = serde_json::to_string_pretty(document).unwrap() + "\n";
        let published = std::fs::read_to_string(&path).unwrap();
        let Some(change) = Change::between(&published, &now) else { return };
        let write = std::env::var(WRITE).unwrap_or_default();
        let may_write = write == "breaking" || (write == "1" && change.found.breaking.is_empty());
        assert!(may_write, "docs/openapi/{name}.json is not what the handlers say: {}", change.told());
        std::fs::write(&path, &now).unwrap();
    }

    /// A change of a description, in whatever.
    struct Change {
        found: Changes,
    }

    impl Change {
        fn between(published: &str, now: &str) -> Option<Self> {
            let read = |text| serde_json::from_str::<Value>(text).unwrap();
            (published != now).then(|| Self { found: changes(&read(published), &read(now)) })
        }

        fn told(&self) -> String {
            let Changes { breaking, additive } = &self.found;
            let list = |all: &[String]| all.iter().map(|one| format!("\n  {one}")).collect::<String>();
            let more =
                if additive.is_empty() { String::new() } else { format!("\nadditive:{}", list(additive)) };
            match (breaking.is_empty(), additive.is_empty()) {
                (false, _) => format!(
                    "breaking: whoever holds to what was published may fail. It is not done; where it must be, it stands in \
                     the changelog, and {WRITE}=breaking writes it:{}{more}",
                    list(breaking)
                ),
                (true, false) => format!("additive: regenerate with {WRITE}=1:{}", list(additive)),
                (true, true) => format!("in words only: regenerate with {WRITE}=1"),
            }
        }
    }

    #[test]
    fn what_breaks_what_adds_and_what_only_says_it_otherwise_are_told_apart() {
        let described = |ids: &[&str], summary: &str| {
            let operation =
                |id: &&str| (format!("/{id}"), json!({"get": {"operationId": id, "summary": summary}}));
            json!({"paths": ids.iter().map(operation).collect::<Map<_, _>>()}).to_string()
        };
        let one = described(&["a"], "A");
        let said = |now: &str| Change::between(&one, now).map(|change| change.told()).unwrap_or_default();
        assert_eq!(said(&one), "");
        assert!(said(&described(&["a"], "An a")).starts_with("in words only: regenerate"));
        assert!(said(&described(&["a", "b"], "A")).starts_with("additive: regenerate"));
        let both = said(&described(&["b"], "A"));
        assert!(both.starts_with("breaking:") && both.contains("\n  GET /a is gone"), "{both}");
        assert!(both.contains("\nadditive:\n  GET /b is new"), "{both}");
    }

    /// What is served under a path is described, and the other way round.
    #[track_caller]
    pub(crate) fn assert_whole(root: &str, document: &OpenApi) {
        let served: BTreeSet<String> = routes()
            .iter()
            .filter(|route| route.path.starts_with(root) && !route.path.ends_with(".json"))
            .map(|route| format!("{} {}", route.method, route.path))
            .collect();
        let document = serde_json::to_value(document).unwrap();
        let mut described = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for method in methods.as_object().unwrap().keys() {
                described.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
        assert_eq!(described, served);
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    }
}
