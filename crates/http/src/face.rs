//! Which face a request belongs to, and what each face says about the problems that all of them share.

use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

use crate::portal::language::Language;
use crate::problem::Problem;
use crate::{portal, portone, sgate, v1};

/// The shape in which errors are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    /// PortOne's, under `/api`.
    Portone,
    /// SGate's, under `/api_v1`.
    Sgate,
    /// Pages for people, under `/portal`, in the language that they want.
    Portal(Language),
    /// Redress's own, everywhere else.
    Own,
}

impl Face {
    /// The face that a request belongs to: its path tells.
    pub(crate) fn of(path: &str, headers: &HeaderMap) -> Self {
        let under =
            |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if under("/api") {
            Self::Portone
        } else if under("/api_v1") {
            Self::Sgate
        } else if under("/portal") {
            Self::Portal(Language::of(headers))
        } else {
            Self::Own
        }
    }

    /// The answer to a problem, in this face's shape.
    pub(crate) fn answer(self, problem: Problem) -> Response {
        match self {
            Self::Portone => portone::error::of_problem(problem).into_response(),
            Self::Sgate => sgate::error::of_problem(problem),
            // Its page is made once it is known who asks.
            Self::Portal(_) => portal::problem::Stop::Problem(problem).into_response(),
            Self::Own => v1::error::of_problem(problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_belongs_to_one_face() {
        let headers = HeaderMap::new();
        for (path, face) in [
            ("/api/refund/x", Face::Portone),
            ("/api", Face::Portone),
            ("/api_v1/orders/x", Face::Sgate),
            ("/portal", Face::Portal(Language::English)),
            ("/portal/x", Face::Portal(Language::English)),
            ("/portals", Face::Own),
            ("/apis", Face::Own),
            ("/v1/payments", Face::Own),
            ("*", Face::Own),
        ] {
            assert_eq!(Face::of(path, &headers), face, "{path}");
        }
    }
}
