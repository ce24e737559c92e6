//! `cargo xtask screenshots DIR`: every page as people see it, for people to look at.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::Scene;
use crate::chromium::Browser;
use crate::gallery::{LANGUAGES, THEMES, WIDTHS, look_through, visit, wear};

/// Where the pictures go.
const DIR: &str = "REDRESS_TEST_SCREENSHOTS";

#[test]
#[ignore = "makes pictures for people, and judges nothing"]
fn every_page_has_its_picture_taken() {
    let dir = PathBuf::from(std::env::var_os(DIR).unwrap());
    for language in LANGUAGES {
        let scene = Scene::open().unwrap();
        let mut number = 0;
        visit(&scene, language, &mut |browser, page| {
            number += 1;
            for width in WIDTHS {
                look_through(browser, width);
                for theme in THEMES {
                    wear(browser, theme);
                    let folder = dir.join(format!("{language}-{theme}-{width}"));
                    std::fs::create_dir_all(&folder).unwrap();
                    let file = folder.join(format!("{number:02}-{page}.png"));
                    std::fs::write(file, picture(browser)).unwrap();
                }
            }
        });
    }
}

/// All of the page, however long it is.
fn picture(browser: &Browser) -> Vec<u8> {
    let whole = json!({ "format": "png", "captureBeyondViewport": true });
    let taken = browser.devtools("Page.captureScreenshot", &whole);
    STANDARD.decode(taken["data"].as_str().unwrap()).unwrap()
}
