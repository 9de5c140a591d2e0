//! A text that is compared with a file.

use std::{env, fs, io, path::Path};

/// Set to anything but `0`, it has files written instead of compared. Not `PULSAR_..`, which are settings.
pub(super) const UPDATE: &str = "UPDATE_PULSAR_ROUTES";

/// Whether files are to be written.
pub(super) fn is_update() -> bool {
    env::var_os(UPDATE).is_some_and(|value| !value.is_empty() && value != "0")
}

/// Says how a text differs from the file, if it does. With `update` the file becomes the text.
pub(super) fn compare(path: &Path, actual: &str, update: bool) -> Result<(), String> {
    let shown = path.display();
    if update {
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        return folder
            .and_then(|()| fs::write(path, actual))
            .map_err(|error| format!("{shown} cannot be written: {error}"));
    }
    match fs::read_to_string(path) {
        // Git may have made CRLF of it.
        Ok(expected) if expected.replace("\r\n", "\n") == actual => Ok(()),
        Ok(expected) => Err(format!(
            "the routes are not those of {shown}; `-` is the file, `+` the program\n\n{}\nif the program is right, {UPDATE}=1 \
             in the environment of the test writes the file anew",
            difference(&expected.replace("\r\n", "\n"), actual)
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(format!(
            "there is no file {shown} yet; {UPDATE}=1 in the environment of the test writes it:\n\n{actual}"
        )),
        Err(error) => Err(format!("{shown} cannot be read: {error}")),
    }
}

/// All lines of both, each with where it is from: the longest common list of lines is common to both.
fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    // How many lines what begins at these two has in common.
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for (i, before) in old.iter().enumerate().rev() {
        for (j, after) in new.iter().enumerate().rev() {
            common[i][j] = if before == after {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut text) = (0, 0, String::new());
    while i < old.len() || j < new.len() {
        let (sign, line) = if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
            (' ', old[i - 1])
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            i += 1;
            ('-', old[i - 1])
        } else {
            j += 1;
            ('+', new[j - 1])
        };
        text.push_str(format!("{sign} {line}").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_has_the_lines_of_both() {
        for (old, new, expected) in [
            ("a\nb\n", "a\nb\n", "  a\n  b\n"),
            ("a\nb\n", "a\nc\nb\n", "  a\n+ c\n  b\n"),
            ("a\nb\nc\n", "a\nc\n", "  a\n- b\n  c\n"),
            ("a\nb\n", "a\nx\n", "  a\n- b\n+ x\n"),
            ("", "a\n", "+ a\n"),
            ("a\n", "", "- a\n"),
            ("a\n\nb\n", "a\n\nc\n", "  a\n\n- b\n+ c\n"),
        ] {
            assert_eq!(difference(old, new), expected, "{old:?} {new:?}");
        }
    }

    #[test]
    fn a_file_is_compared_and_only_written_when_that_is_asked_for() {
        let folder = env::temp_dir().join(format!("pulsar-snapshot-{}", std::process::id()));
        let path = folder.join("sub/routes.txt");
        let missing = compare(&path, "GET  /\n", false).unwrap_err();
        assert!(
            missing.contains("there is no file")
                && missing.ends_with(
                    "UPDATE_PULSAR_ROUTES=1 in the environment of the test writes it:\n\nGET  /\n"
                ),
            "{missing}"
        );
        assert!(!path.exists());
        compare(&path, "GET  /\n", true).unwrap();
        compare(&path, "GET  /\n", false).unwrap();
        fs::write(&path, "GET  /\r\n").unwrap();
        compare(&path, "GET  /\n", false).unwrap();
        let differs = compare(&path, "GET  /\nGET  /x\n", false).unwrap_err();
        assert!(
            differs.contains("\n\n  GET  /\n+ GET  /x\n\nif the program is right, UPDATE_PULSAR_ROUTES=1"),
            "{differs}"
        );
        fs::remove_dir_all(&folder).unwrap();
        let unwritable = compare(Path::new("/proc/none/routes.txt"), "", true).unwrap_err();
        assert!(unwritable.contains("cannot be written"), "{unwritable}");
    }
}
