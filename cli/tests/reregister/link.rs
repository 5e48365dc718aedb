use std::io::Read as _;
use std::process::{Command, Stdio};

use simulated::approval::Draft;
use simulated::issuer::Issuer;

use crate::terminal::terminal;
use crate::{TestDir, text};

/// A directory with an approval in `one` and another in `two`, and both approvals.
fn test_dir() -> (TestDir, String, String) {
    let dir = TestDir::new();
    let [one, two] = ["one", "two"].map(|file| {
        let token = Issuer::es256(file, "k").approve(&Draft::new(1_790_000_000));
        dir.write(file, &format!("{token}\n"));
        token
    });
    (dir, one, two)
}

#[test]
fn the_approval_is_in_the_fragment_and_nowhere_else() {
    let (dir, one, two) = test_dir();
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
        let output = dir.run(&format!("link {arguments}"));
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), link);
        assert!(output.stderr.is_empty());
        let (before, _) = link.split_once('#').unwrap();
        assert!(!before.contains("eyJ") && !before.contains('?'));
    }
}

#[test]
fn a_link_leads_to_https_or_to_this_machine_alone() {
    let (dir, one, _) = test_dir();
    for (url, why) in [
        ("http://mfa.contoso.example", "Use https"),
        ("ftp://mfa.contoso.example", "must be https, or http"),
        ("mfa.contoso.example", "must be an address"),
        ("https://mfa.contoso.example/resets", "only the address"),
        ("https://mfa.contoso.example/?a=b", "only the address"),
        ("https://olga@mfa.contoso.example", "user name"),
    ] {
        let refusal = dir.refusal(&format!("link --approval one --url {url}"));
        assert!(refusal.contains(why), "{url}\n{refusal}");
        assert!(!refusal.contains(&one));
    }
    let refusal =
        dir.refusal("link --approval one --approval two --approval one --url https://a.example");
    assert!(refusal.contains("more than twice"), "{refusal}");
}

#[test]
fn a_qr_code_is_as_wide_as_it_is_high_and_comes_after_the_link() {
    let (dir, one, _) = test_dir();
    let output =
        dir.run("link --qr --approval one --approval two --url https://mfa.contoso.example");
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

/// Draws the code of `one` in a terminal of this size: the exit code, the screen, and stderr.
fn draw(dir: &TestDir, columns: usize, lines: usize) -> (Option<i32>, String, String) {
    let [columns, lines] = [columns, lines].map(|cells| u16::try_from(cells).unwrap());
    let (mut screen, theirs) = terminal(columns, lines);
    let running = Command::new(env!("CARGO_BIN_EXE_reregister"))
        .args(["link", "--qr", "--approval", "one", "--url"])
        .arg("https://mfa.contoso.example")
        .current_dir(&dir.0)
        .stdout(theirs)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Reading ends with an error once the process has closed the other end.
    let mut shown = Vec::new();
    let _ = screen.read_to_end(&mut shown);
    let output = running.wait_with_output().unwrap();
    let owned = |bytes: &[u8]| text(bytes).to_owned();
    (output.status.code(), owned(&shown), owned(&output.stderr))
}

#[test]
fn a_qr_code_is_drawn_only_in_a_terminal_that_is_large_enough() {
    let (dir, one, _) = test_dir();
    let output = dir.run("link --qr --approval one --url https://mfa.contoso.example");
    let (_, code) = text(&output.stdout).split_once('\n').unwrap();
    let width = code.lines().next().unwrap().chars().count();
    let height = code.lines().count() + 1;
    // 0 is a terminal that does not know its size.
    for (columns, lines) in [(width, height), (200, 200), (0, 0)] {
        let (code, shown, err) = draw(&dir, columns, lines);
        assert_eq!((code, err.as_str()), (Some(0), ""));
        assert!(shown.contains(&one), "{shown}");
        assert!(shown.contains("\x1b[38;5;16;48;5;231m"), "black on white");
    }
    for (columns, lines) in [(width - 1, height), (width, height - 1), (80, 24)] {
        let (code, shown, err) = draw(&dir, columns, lines);
        assert_eq!((code, shown.as_str()), (Some(1), ""), "{err}");
        let size = format!("a terminal of {width} columns and {height} lines");
        assert!(err.contains(&size), "{err}");
    }
}

#[test]
fn a_link_that_is_too_long_for_a_qr_code_is_an_error_and_is_not_printed() {
    let dir = TestDir::new();
    dir.write("long", &format!("eyJh.{}.c", "b".repeat(4000)));
    let refusal = dir.refusal("link --qr --approval long --url https://mfa.contoso.example");
    assert!(refusal.contains("too long for a QR code"), "{refusal}");
}
