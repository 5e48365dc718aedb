"""Tests of check_circles with small crates in a temporary folder. Run by `make check`."""

import tempfile
import unittest
from pathlib import Path

from check_circles import Crate, circles


class Circles(unittest.TestCase):
    def assert_circles(self, files, *expected):
        with tempfile.TemporaryDirectory() as folder:
            for name, code in files.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(code, encoding="utf-8")
            found = circles(Crate(Path(folder)).imports())
            self.assertEqual([[str(file.relative_to(folder)) for file in circle] for circle in found], list(expected))

    def test_files_that_only_import_downwards_form_no_circle(self):
        files = {
            "lib.rs": "mod high; mod middle; mod low;",
            "high.rs": "use crate::{low::Low, middle::{self, Middle as Other}};\nfn f() { middle::g(); }",
            "middle.rs": "use super::low::Low;\npub struct Middle;\npub fn g() {}",
            "low.rs": "pub struct Low;",
        }
        self.assert_circles(files)

    def test_a_circle_has_all_files_that_reach_each_other_and_no_others(self):
        files = {
            "lib.rs": "mod a; mod b; mod c; mod d;",
            "a.rs": "use crate::b::B;\npub struct A;",
            "b.rs": "pub struct B;\nfn f() { super::c::g(); }",
            "c.rs": "struct C { #[cfg(test)] x: u8 }\nuse crate::{a::A, d::D};\npub fn g() {}",
            "d.rs": "pub struct D;",
        }
        self.assert_circles(files, ["a.rs", "b.rs", "c.rs"])

    def test_two_circles_are_reported_separately(self):
        files = {
            "lib.rs": "mod a; mod b; mod c; mod d;",
            "a.rs": "use crate::b::B;\npub struct A;",
            "b.rs": "use crate::{a::A, c::C};\npub struct B;",
            "c.rs": "use crate::d::D;\npub struct C;",
            "d.rs": "use crate::c::C;\npub struct D;",
        }
        self.assert_circles(files, ["a.rs", "b.rs"], ["c.rs", "d.rs"])

    def test_an_import_through_a_facade_leads_to_the_file_that_defines_the_item(self):
        files = {
            "lib.rs": "mod a; mod room;",
            "a.rs": "use crate::room::Renamed;\npub struct A;",
            "room/mod.rs": "mod b;\npub use b::B as Renamed;",
            "room/b.rs": "use crate::a::A;\npub struct B;",
        }
        self.assert_circles(files, ["a.rs", "room/b.rs"])

    def test_a_facade_that_only_reexports_is_in_no_circle(self):
        files = {
            "lib.rs": "mod room;",
            "room/mod.rs": "pub mod a;\nmod b;\npub use a::A;\npub(crate) use b::B;\npub struct Shared;",
            "room/a.rs": "use super::{B, Shared};\npub struct A;",
            "room/b.rs": "use super::Shared;\npub struct B;",
        }
        self.assert_circles(files)

    def test_a_parent_that_uses_its_child_is_in_a_circle_with_it(self):
        child = "use super::Shared;\npub struct A;\npub trait Run {}\npub fn run() {}"
        for parent in (
            "mod a;\npub use a::A;\npub struct Shared(A);",
            "pub mod a;\nuse a::Run as _;\npub struct Shared;",
            "pub mod a;\npub struct Shared;\nfn f() { a::run(); }",
        ):
            files = {"lib.rs": "mod room;", "room/mod.rs": parent, "room/a.rs": child}
            self.assert_circles(files, ["room/a.rs", "room/mod.rs"])

    def test_a_reexport_from_a_file_that_is_not_below_is_an_import(self):
        files = {
            "lib.rs": "mod a; mod b;",
            "a.rs": "pub use crate::b::B;\npub struct A;",
            "b.rs": "use crate::a::A;\npub struct B;",
        }
        self.assert_circles(files, ["a.rs", "b.rs"])

    def test_a_use_of_a_module_imports_only_the_items_that_are_used_through_it(self):
        files = {
            "lib.rs": "mod a; mod room;",
            "a.rs": "use crate::room::{self};\npub struct A;\nfn f() { room::b::g(); }",
            "room/mod.rs": "pub mod b;\nuse crate::a::A;\nuse std::fmt::Display;",
            "room/b.rs": "use super::Display;\npub fn g() {}",
        }
        self.assert_circles(files)

    def test_a_reexported_function_may_have_the_name_of_its_module(self):
        files = {
            "lib.rs": "mod a; mod room;",
            "a.rs": "pub struct A;\nfn f() { crate::room::note(); }",
            "room/mod.rs": "mod note;\npub use note::note;",
            "room/note.rs": "use crate::a::A;\npub fn note() {}",
        }
        self.assert_circles(files, ["a.rs", "room/note.rs"])

    def test_an_inline_module_belongs_to_its_file(self):
        files = {
            "lib.rs": "mod a; mod b; mod c;",
            "a.rs": "pub struct A;\nmod inner { use super::super::b::B; }",
            "b.rs": "use crate::a::A;\npub struct B;",
            "c.rs": "pub struct C;\nfn f() { inner::f(); }\nmod inner { use super::C; pub fn f() {} }",
        }
        self.assert_circles(files, ["a.rs", "b.rs"])

    def test_paths_in_tests_comments_strings_and_other_crates_are_ignored(self):
        files = {
            "lib.rs": "mod a; mod b; #[cfg(test)] mod fixtures;",
            "a.rs": "use crate::b::B;\npub struct A;",
            "b.rs": """
                //! As in [`crate::a::A`].
                use another::a::A;
                pub struct B<'a>(&'a str, char);
                #[cfg(test)]
                use crate::a::A as Other;
                impl B<'_> {
                    #[cfg(test)]
                    pub fn of() -> crate::a::A { crate::a::A }
                    fn f() -> B<'static> { B(r#"a "crate::a::A" b"#, '"') }
                    fn g() -> B<'static> { B("\\" crate::a::A", '\\'') }
                }
                #[cfg(test)]
                mod tests { const CLOSING: char = '}'; use crate::a::A; }
                #[expect(dead_code, reason = "a mark of its own")]
                #[cfg(test)]
                mod more { use crate::a::A; }
            """,
            "fixtures.rs": "use crate::a::A;\npub fn f() {}",
        }
        self.assert_circles(files)


if __name__ == "__main__":
    unittest.main(verbosity=0)
