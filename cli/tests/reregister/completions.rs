use crate::{TestDir, text};

#[test]
fn each_shell_gets_a_script_that_knows_the_commands() {
    let dir = TestDir::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = dir.run(&format!("completions {shell}"));
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        for command in ["preview", "status", "completions"] {
            assert!(text(&output.stdout).contains(command), "{shell} {command}");
        }
    }
    assert!(dir.refusal("completions cmd.exe").contains("invalid value"));
}
