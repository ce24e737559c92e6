//! Everybody can use every page: nothing is cut off on a phone, and axe-core (<https://github.com/dequelabs/axe-core>)
//! finds nothing that keeps somebody out, in any language or theme.

use crate::Scene;
use crate::chromium::Browser;
use crate::gallery::{THEMES, WIDTHS, look_through, visit, wear};

/// axe-core's script; `cargo xtask test` fetches it, and says so where it cannot.
const AXE: &str = "REDRESS_TEST_AXE";

/// Serious faults keep somebody from the content; critical ones keep them out altogether.
const FAULTS: &str = "
    return axe.run(document, { resultTypes: ['violations'] }).then((found) => found.violations
        .filter((fault) => ['serious', 'critical'].includes(fault.impact))
        .flatMap((fault) => fault.nodes.map((node) =>
            `${fault.id}: ${node.html} ${[...node.any, ...node.all, ...node.none].map((why) => why.message)}`)))";

/// Fewer pages than there are would say that the tour broke off.
const PAGES_MIN: usize = 75;

/// Between a phone's and a desk's: a tablet, where tables are narrowest, and a small window. In pixels.
const BETWEEN: [u64; 2] = [720, 1024];

/// axe-core, where it is to be had.
struct Axe(String);

impl Axe {
    fn given() -> Option<Self> {
        let path = std::env::var_os(AXE).filter(|path| !path.is_empty())?;
        Some(Self(std::fs::read_to_string(path).unwrap()))
    }

    #[track_caller]
    fn faults(&self, browser: &Browser) -> Vec<String> {
        if browser.ask("return typeof axe") == "undefined" {
            browser.ask(&format!("{};window.axe = axe;", self.0));
        }
        let found = browser.ask(FAULTS);
        found.as_array().unwrap().iter().map(|fault| fault.as_str().unwrap().to_owned()).collect()
    }

    /// A page with faults, so that it is known to look.
    #[track_caller]
    fn assert_it_sees(&self, browser: &Browser) {
        browser.go("/portal/sign-in");
        browser.ask("document.querySelector('label').remove()");
        let script =
            "document.querySelector('h1').style.color = 'color-mix(in srgb, canvastext 30%, canvas)'";
        browser.ask(script);
        let found = self.faults(browser);
        for fault in ["label: ", "color-contrast: "] {
            assert!(found.iter().any(|one| one.starts_with(fault)), "no {fault}in {found:?}");
        }
    }
}

/// Looks at every page in one language.
#[track_caller]
fn all_pages_are_for_everybody(language: &str) {
    let Some(scene) = Scene::open() else { return };
    let axe = Axe::given();
    if let Some(axe) = &axe {
        axe.assert_it_sees(&scene.browser);
    }
    let (mut wrong, mut pages) = (Vec::new(), 0);
    visit(&scene, language, &mut |browser, page| {
        pages += 1;
        for width in BETWEEN {
            let needed = look_through(browser, width);
            if needed > width {
                wrong.push(format!("{page} ({width} pixels): it is {needed} pixels wide"));
            }
        }
        for width in WIDTHS {
            let needed = look_through(browser, width);
            if needed > width {
                wrong.push(format!("{page} ({width} pixels): it is {needed} pixels wide"));
            }
            for theme in THEMES {
                wear(browser, theme);
                let found = axe.iter().flat_map(|axe| axe.faults(browser));
                wrong.extend(found.map(|fault| format!("{page} ({width} pixels, {theme}): {fault}")));
            }
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(pages >= PAGES_MIN, "{pages} pages");
}

#[test]
fn every_page_in_english_is_for_everybody() {
    all_pages_are_for_everybody("en");
}

#[test]
fn every_page_in_arabic_is_for_everybody() {
    all_pages_are_for_everybody("ar");
}
