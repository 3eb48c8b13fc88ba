from __future__ import annotations

import json

import pytest

from planfence.agents import patch
from planfence.agents.payload import Event, read
from planfence.agents.shell import judge
from planfence.change.change import Action
from planfence.errors import PlanfenceError


def call(agent="claude", **fields):
    base = {"session_id": "s", "transcript_path": "/t", "cwd": "/r", "hook_event_name": "PreToolUse"}
    return read(agent, json.dumps(base | fields).encode())


@pytest.mark.parametrize(
    ("tool", "arguments", "paths"),
    [
        ("Write", {"file_path": "/r/a", "content": "x"}, ["/r/a"]),
        ("Edit", {"file_path": "/r/a", "old_string": "", "new_string": ""}, ["/r/a"]),
        ("MultiEdit", {"file_path": "/r/a", "edits": []}, ["/r/a"]),
        ("NotebookEdit", {"notebook_path": "/r/a.ipynb"}, ["/r/a.ipynb"]),
        ("Read", {"file_path": "/r/a"}, []),
        ("mcp__fs__write_file", {"path": "a"}, ["a"]),
        ("mcp__fs__read_file", {"path": "a"}, []),
        ("mcp__fs__read_multiple_files", {"paths": ["a", "b"]}, []),
        ("mcp__x__codereview", {"relevant_files": ["a"], "operations": ["b"]}, []),
        ("mcp__x__export", {"output_path": "a", "files": ["b"]}, ["a"]),
        ("mcp__nb__insert_cell", {"notebook_path": "a.ipynb", "source": "print(1)"}, ["a.ipynb"]),
        ("mcp__fs__move_file", {"source": "a", "destination": "b"}, ["a", "b"]),
        ("mcp__fs__move_file", {"source": "a", "destination": "b", "cell": "1"}, ["a", "b"]),
        ("apply_patch", {"command": "*** Begin Patch\n*** Add File: a\n+x\n*** End Patch"}, ["a"]),
    ],
)
def test_the_paths_of_a_tool(tool, arguments, paths):
    payload = call(tool_name=tool, tool_input=arguments)
    assert payload.event is Event.BEFORE_TOOL
    assert [edit.path for edit in payload.edits] == paths
    assert not payload.unread


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("Write", {}),
        ("Write", {"file_path": 3}),
        ("Edit", None),
        ("apply_patch", {"command": "no patch"}),
        ("Bash", {}),
        ("Bash", {"command": ["ls", 3]}),
    ],
)
def test_an_edit_that_names_nothing_is_unread(tool, arguments):
    assert call(tool_name=tool, tool_input=arguments).unread


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b"\xff", b'{"hook_event_name": 1}', b"[" * 100_000])
def test_no_payload(data):
    with pytest.raises(PlanfenceError):
        read("claude", data)


def test_a_command_as_a_list_is_one_command_line():
    assert (
        call("codex", tool_name="shell", tool_input={"command": ["bash", "-lc", "ls a"]}).command == "bash -lc 'ls a'"
    )
    patched = call("codex", tool_name="shell", tool_input={"command": ["apply_patch", "*** Delete File: a\n"]})
    assert [(write.path, write.action) for write in judge(patched.command, "/r").writes] == [("/r/a", Action.DELETE)]


def test_cursor_puts_a_command_at_the_top():
    raw = {
        "hook_event_name": "beforeShellExecution",
        "conversation_id": "c",
        "workspace_roots": ["/w"],
        "command": "ls",
        "cwd": "",
    }
    payload = read("cursor", json.dumps(raw).encode())
    assert (payload.event, payload.command, payload.session, payload.cwd) == (Event.BEFORE_TOOL, "ls", "c", "/w")


def test_gemini_has_its_own_event_names():
    payload = call("gemini", hook_event_name="BeforeTool", tool_name="write_file", tool_input={"file_path": "a"})
    assert (payload.event, payload.edits) == (Event.BEFORE_TOOL, (patch.Edit("a"),))


@pytest.mark.parametrize("name", ["pre_tool_use", "PRETOOLUSE", "preToolUse"])
def test_an_event_is_known_however_it_is_spelled(name):
    assert call(hook_event_name=name).event is Event.BEFORE_TOOL


def test_an_event_of_tomorrow_is_other():
    assert call(hook_event_name="Dreaming").event is Event.OTHER


def test_every_header_of_a_patch():
    text = "\n".join(
        [
            "*** Begin Patch",
            "*** Add File: new name.py",
            "+*** Delete File: not/a/header",
            "*** Update File: old.py",
            "*** Move to: moved.py",
            "@@",
            "-*** Update File: nor.this",
            "*** Delete File: gone.py",
            "*** End Patch",
        ]
    )
    assert patch.edits(text) == (
        ("new name.py", Action.ADD),
        ("old.py", Action.DELETE),
        ("moved.py", Action.ADD),
        ("gone.py", Action.DELETE),
    )


@pytest.mark.parametrize(
    ("tool", "given", "expected", "command"),
    [
        ("mcp__serena__create_text_file", {"relative_path": "a.py", "content": ""}, ["a.py"], ""),
        ("mcp__jetbrains__create_new_file", {"pathInProject": "a.py", "text": ""}, ["a.py"], ""),
        ("mcp_files_save_file", {"path": "a.py"}, ["a.py"], ""),
        ("mcp__x__anything", {"path": "a.py", "content": "x"}, ["a.py"], ""),
        ("mcp__x__apply", {"args": {"unified_diff": "--- a/a.py\n+++ b/a.py\n"}}, ["a.py"], ""),
        ("mcp__x__edit", {"edits": {"target": {"path": "a.py"}, "newText": "x"}}, ["a.py"], ""),
        ("mcp__x__update", {"documentChanges": [{"textDocument": {"uri": "file:///a.py"}}]}, ["/a.py"], ""),
        ("mcp__x__hover", {"textDocument": {"uri": "file:///a.py"}}, [], ""),
        ("mcp__x__put_many", {"files": [{"path": "a.py", "content": ""}, {"path": "b.py"}], "content": ""},
         ["a.py", "b.py"], ""),
        ("mcp__x__push_files", {"files": [{"path": "a.py"}]}, ["a.py"], ""),
        ("mcp__github__push_files", {"owner": "o", "repo": "r", "files": [{"path": "a.py"}]}, [], ""),
        ("mcp__github__create_or_update_file", {"owner": "o", "repo": "r", "path": "a.py"}, [], ""),
        ("mcp__serena__execute_shell_command", {"command": "git commit -n"}, [], "git commit -n"),
        ("mcp__x__run", {"command": "git", "args": ["commit", "-n"]}, [], "git commit -n"),
        ("mcp__x__read_file", {"path": "a.py"}, [], ""),
        ("mcp__x__search", {"path": "src", "text": "x"}, [], ""),
        ("create_file", {"filePath": "/r/a.py", "content": ""}, ["/r/a.py"], ""),
        ("editFiles", {"files": ["/r/a.py", "/r/b.py"]}, ["/r/a.py", "/r/b.py"], ""),
        ("multi_replace_string_in_file", {"replacements": [{"filePath": "/r/a.py"}]}, ["/r/a.py"], ""),
        ("run_in_terminal", {"command": "ls"}, [], "ls"),
        ("create_and_run_task", {"task": {"command": "git", "args": ["commit", "-n"]}}, [], "git commit -n"),
        ("write_bash", {"shellId": "0", "input": "git commit -n"}, [], "git commit -n"),
        ("mcp_fs_write_file", {"path": "a.py", "content": ""}, ["a.py"], ""),
        ("mcp__x__write_file", {"filepath": "a.py", "content": ""}, ["a.py"], ""),
        ("mcp__x__write_file", {"arguments": {"file": "a.py", "content": ""}}, ["a.py"], ""),
        ("mcp__x__copyFile", {"sourcePath": "a.py", "destinationPath": "b.py"}, ["a.py", "b.py"], ""),
        ("mcp__x__edit_files", {"changes": [{"path": "a.py", "newText": ""}]}, ["a.py"], ""),
        ("mcp__x__write_files", {"files": {"a.py": "x"}}, ["a.py"], ""),
        ("mcp__x__apply_patch", {"patch": "--- a/a.py\n+++ b/a.py\n"}, ["a.py"], ""),
        ("mcp__x__exec", {"commands": ["ls", "git commit -n"]}, [], "ls\ngit commit -n"),
        ("mcp__docker__run", {"command": "git commit -n", "args": {}}, [], "git commit -n"),
        ("mcp__x__run", {"params": {}, "cmd": ["git", "commit", "-n"]}, [], "git commit -n"),
        ("mcp__x__run", {"command": "git commit -n", "input": {"stdin": "x"}}, [], "git commit -n"),
        ("mcp__x__run", {"command": "ls", "params": {"args": {"command": "git commit -n"}}}, [], "ls\ngit commit -n"),
        ("mcp__x__run", {"command": "git commit -n", "commands": ["ls"]}, [], "git commit -n\nls"),
        ("mcp__x__run", {"command": "git commit -n", "owner": "o", "repo": "r"}, [], "git commit -n"),
        ("bash", {"command": "git commit -n", "task": {"command": "ls"}}, [], "git commit -n"),
        ("mcp__x__write_file", {"path": "a.py", "content": "x", "args": {"overwrite": True}}, ["a.py"], ""),
        ("mcp__x__put", {"path": "a.py", "args": {"content": "x", "path": "b.py"}}, ["a.py", "b.py"], ""),
        ("mcp__x__run_in_terminal", {"commandLine": "git commit -n"}, [], "git commit -n"),
        ("mcp__x__bulk", {"request": {"files": [{"path": "a.py", "content": "x"}]}}, ["a.py"], ""),
        ("mcp__x__save", {"document": {"uri": "file:///r/a.py", "text": "x"}}, ["/r/a.py"], ""),
        ("mcp__x__write", {"arguments": '{"path": "a.py", "content": "x"}'}, ["a.py"], ""),
        ("mcp__x__update_page", {"id": "1", "properties": {"path": "/wiki"}, "content": "x"}, [], ""),
        ("mcp__x__edit", {"path": "a.py", "edits": {"oldText": "a", "newText": "b"}}, ["a.py"], ""),
        ("mcp__x__run", {"steps": [{"command": "git commit -n"}]}, [], "git commit -n"),
        ("mcp__x__exec", {"argv": ["git", "commit", "-n"]}, [], "git commit -n"),
        ("EditNotebook", {"target_notebook": "a.ipynb"}, ["a.ipynb"], ""),
        ("create_directory", {"dirPath": "/r/docs/new"}, [], ""),
        ("WRITE", {"file_path": "a.py"}, ["a.py"], ""),
        ("mcp__mail__create_message", {"to": "a@example.org", "text": "x"}, [], ""),
        ("edit_file", {"relativeWorkspacePath": "a.py"}, ["a.py"], ""),
        ("Write", {"file_path": "file://localhost/r/a%20b.py"}, ["/r/a b.py"], ""),
        ("create_file", {"uri": "vscode-remote://wsl/r/a.py"}, ["/r/a.py"], ""),
        ("fs_write_file", {"path": "a.py", "content": ""}, ["a.py"], ""),
        ("str_replace_editor", {"command": "create", "path": "/r/a.py", "file_text": ""}, ["/r/a.py"], ""),
        ("str_replace_editor", {"command": "view", "path": "/r/a.py"}, [], ""),
        ("todowrite", {"todos": [{"content": "x", "status": "pending"}]}, [], ""),
        ("read", {"filePath": "/r/a.py"}, [], ""),
        ("view", {"path": "/r/a.py"}, [], ""),
        ("fs_write", {"command": "create", "path": "a.py", "file_text": ""}, ["a.py"], "create"),
        ("write-file", {"path": "a.py", "content": "x"}, ["a.py"], ""),
        ("mcp__x__remove", {"path": ["a.py"]}, ["a.py"], ""),
        ("mcp__x__delete_files", {"filePaths": ["a.py", "b.py"]}, ["a.py", "b.py"], ""),
        ("mcp__x__rename", {"from": "a.py", "to": "b.py"}, ["a.py", "b.py"], ""),
        ("mcp__mail__move_message", {"from": "a@example.org", "to": "Done"}, [], ""),
        ("mcp__x__download", {"url": "http://x/a.py", "output_path": "a.py", "path": "/a"}, ["a.py"], ""),
        ("mcp__x__batch", {"actions": [{"action": "delete", "path": "a.py"}]}, ["a.py"], ""),
        ("mcp__x__batch", {"actions": [{"action": "read", "path": "a.py"}]}, [], ""),
        ("mcp__x__rename_symbol", {"edit": {"changes": {"file:///r/a.py": [{"newText": "x"}]}}}, ["/r/a.py"], ""),
        ("mcp__x__run", {"program": "git", "arguments": ["commit", "-n"]}, [], "git commit -n"),
        ("unified_exec", {"input": ["git", "commit", "-n"]}, [], "git commit -n"),
        ("mcp__tmux__send_keys", {"keys": "git commit -n"}, [], "git commit -n"),
        ("mcp__git__git_commit", {"message": "x", "noVerify": True}, [], "git commit --no-verify"),
        ("mcp__git__git_commit", {"message": "--no-verify", "noVerify": False}, [], ""),
        ("mcp__git__git_config", {"key": "core.hooksPath", "value": "/x"}, [], "git config core.hooksPath /x"),
        ("mcp__git__git", {"subcommand": "commit", "args": ["-n"]}, [], "git commit -n"),
        ("mcp__gitlab__list", {"args": ["-n"]}, [], ""),
        ("mcp__git__git", {"args": ["commit", "-m", "fix: don't"]}, [], """git commit -m 'fix: don'"'"'t'"""),
        ("mcp__git__git_config", {"key": "user.name", "value": "O'B"}, [], """git config user.name 'O'"'"'B'"""),
        ("mcp__legit__value", {"value": "it's"}, [], ""),
        ("mcp__git__rename_branch", {"from": "feature/a", "to": "feature/b"}, [], ""),
        ("mcp__mail__move_message", {"from": "INBOX/a", "to": "Archive/b"}, [], ""),
        ("mcp__db__execute_sql", {"input": "select a > b"}, [], ""),
        ("mcp__x__determine_terms", {"input": "a > b"}, [], ""),
        ("mcp__ci__rerun", {"run": "build > log"}, [], ""),
        ("mcp__notes__update_page", {"sources": ["x/y"]}, [], ""),
        ("patch", {"patchText": "*** Begin Patch\n*** Add File: a.py\n+x\n*** End Patch"}, ["a.py"], ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("camel", [True, False])
def test_a_tool_is_read_by_the_shape_of_what_it_is_given(tool, given, expected, command, camel):
    names = ("hookEventName", "sessionId", "toolName", "toolInput")
    keys = names if camel else ("hook_event_name", "session_id", "tool_name", "tool_input")
    raw = dict(zip(keys, ("PreToolUse", "s", tool, given), strict=True)) | {"cwd": "/r"}
    asked = read("claude", json.dumps(raw).encode())
    assert [edit.path for edit in asked.edits] == expected
    assert asked.command == command
    assert (asked.session, asked.unread) == ("s", "")


def test_a_skills_shell_command_and_a_tools_own_directory_are_read():
    raw = {"hook_event_name": "PreSkillShellCommand", "cwd": "/r", "tool_input": {"command": "git commit -n"}}
    asked = read("claude", json.dumps(raw).encode())
    assert (asked.event.value, asked.command) == ("PreToolUse", "git commit -n")
    raw = {"hook_event_name": "BeforeTool", "cwd": "/r", "tool_name": "run_shell_command"}
    raw["tool_input"] = {"command": "ls", "dir_path": "sub"}
    assert read("gemini", json.dumps(raw).encode()).cwd == "/r/sub"
