use simulated::approval::Draft;
use simulated::issuer::Issuer;

use crate::{Desk, text};

/// A desk with an approval in `one` and another in `two`, and both.
fn desk() -> (Desk, String, String) {
    let desk = Desk::new();
    let [one, two] = ["one", "two"].map(|file| {
        let token = Issuer::es256(file, "k").approve(&Draft::new(1_790_000_000));
        desk.write(file, &format!("{token}\n"));
        token
    });
    (desk, one, two)
}

#[test]
fn the_approval_is_in_the_fragment_and_nowhere_else() {
    let (desk, one, two) = desk();
    for (arguments, link) in [
        (
            "--approval one --url https://mfa.contoso.example",
            format!("https://mfa.contoso.example/#approval={one}\n"),
        ),
        (
            "--approval one --approval two --url https://mfa.contoso.example:8443/",
            format!("https://mfa.contoso.example:8443/#approval={one}&approval={two}\n"),
        ),
        (
            "--approval two --url http://localhost:9000",
            format!("http://localhost:9000/#approval={two}\n"),
        ),
    ] {
        let output = desk.run(&format!("link {arguments}"));
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), link);
        assert!(output.stderr.is_empty());
        let (before, _) = link.split_once('#').unwrap();
        assert!(!before.contains("eyJ") && !before.contains('?'));
    }
}

#[test]
fn no_link_leads_where_somebody_in_between_could_read() {
    let (desk, one, _) = desk();
    for (url, why) in [
        ("http://mfa.contoso.example", "not on this machine"),
        ("ftp://mfa.contoso.example", "neither https nor http"),
        ("mfa.contoso.example", "no address"),
        ("https://mfa.contoso.example/resets", "the address alone"),
        ("https://mfa.contoso.example/?a=b", "the address alone"),
        ("https://olga@mfa.contoso.example", "user name"),
    ] {
        let refusal = desk.refusal(&format!("link --approval one --url {url}"));
        assert!(refusal.contains(why), "{url}\n{refusal}");
        assert!(!refusal.contains(&one));
    }
    let refusal =
        desk.refusal("link --approval one --approval two --approval one --url https://a.example");
    assert!(refusal.contains("more than twice"), "{refusal}");
}

#[test]
fn a_qr_code_is_as_wide_as_it_is_high_and_comes_after_the_link() {
    let (desk, one, _) = desk();
    let output =
        desk.run("link --qr --approval one --approval two --url https://mfa.contoso.example");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let (link, code) = text(&output.stdout).split_once('\n').unwrap();
    assert!(link.contains(&one));
    let widths: Vec<usize> = code.lines().map(|line| line.chars().count()).collect();
    let width = widths[0];
    assert!(widths.iter().all(|other| *other == width));
    assert_eq!(widths.len(), width.div_ceil(2), "two rows a line");
    assert!(!code.contains('\x1b'), "no colours into a file");
    assert!(
        code.chars()
            .all(|letter| matches!(letter, ' ' | '\n' | '\u{2580}' | '\u{2584}' | '\u{2588}'))
    );
}

#[test]
fn what_no_qr_code_can_hold_is_an_error_and_half_a_link_is_not_printed() {
    let desk = Desk::new();
    desk.write("long", &format!("eyJh.{}.c", "b".repeat(4000)));
    let refusal = desk.refusal("link --qr --approval long --url https://mfa.contoso.example");
    assert!(refusal.contains("too long for a QR code"), "{refusal}");
}
