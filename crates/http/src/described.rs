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

/// A description and how it is kept, for the tests.
#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use utoipa::openapi::OpenApi;

    use crate::router::routes;

    /// Holds a description to the one that was published. A change of it is seen here before anybody's client sees it:
    /// what it breaks is not done, what it adds is written with `REDRESS_WRITE_OPENAPI=1`.
    #[track_caller]
    pub(crate) fn assert_published(name: &str, document: &OpenApi) {
        let path = format!("{}/../../docs/openapi/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let now = serde_json::to_string_pretty(document).unwrap() + "\n";
        if std::env::var_os("REDRESS_WRITE_OPENAPI").is_some() {
            std::fs::write(&path, &now).unwrap();
        }
        let published = std::fs::read_to_string(&path).unwrap();
        assert!(published == now, "docs/openapi/{name}.json is not what the handlers say");
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
