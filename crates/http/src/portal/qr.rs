//! A picture for an authenticator to scan: a QR code as SVG within the page.

use qrcode::{Color, QrCode};

/// So many modules around it stay light (ISO/IEC 18004).
const QUIET: usize = 4;

/// The picture of a text; `None` where it is too long for one.
pub(super) fn picture(text: &str, label: &str) -> Option<String> {
    let code = QrCode::new(text.as_bytes()).ok()?;
    let (side, colors) = (code.width(), code.to_colors());
    let mut path = String::new();
    for (y, row) in colors.chunks(side).enumerate() {
        for (x, _) in row.iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
            path.push_str(&format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET));
        }
    }
    let whole = side + 2 * QUIET;
    // Black on white, also in the dark: scanners expect it.
    Some(format!(
        "<svg class=\"qr\" viewBox=\"0 0 {whole} {whole}\" role=\"img\" aria-label=\"{label}\">\
         <rect width=\"{whole}\" height=\"{whole}\" fill=\"#fff\"></rect><path d=\"{path}\" fill=\"#000\"></path></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corners_have_their_marks() {
        let picture = picture("otpauth://totp/x?secret=ABC", "A picture").unwrap();
        // The top left mark begins behind the quiet zone, and is seven wide.
        assert!(picture.contains("M4 4h1v1h-1zM5 4h1v1h-1z") && !picture.contains("M3 "));
        assert!(picture.contains("M10 4h") && !picture.contains("M11 4h"));
        assert_eq!(super::picture(&"x".repeat(10_000), "A picture"), None);
    }
}
