use crate::{Desk, text};

#[test]
fn each_shell_gets_a_script_that_knows_the_commands() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = desk.run(&format!("completions {shell}"));
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        for command in ["preview", "status", "completions"] {
            assert!(text(&output.stdout).contains(command), "{shell} {command}");
        }
    }
    assert!(
        desk.refusal("completions cmd.exe")
            .contains("invalid value")
    );
}
