# ruff: noqa: E501 - one planted change a line
"""Planted changes: what tests can do to prove nothing, and which question of `planfence prove` catches it.

Each case is a project, a change of it, and tests of the kinds named in `KINDS`. `python benchmarks/planted.py` makes a
repository for each case, runs the command in it, and prints a table; `--only WORD` takes the cases with this word.
Sound changes (`control`) must go through without a fault.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

KINDS = (
    "assert nothing",
    "assert the mock",
    "test deleted",
    "wrong expectation",
    "skipped",
    "beside the tests",
    "never reached",
    "control",
)


#: How the program is called; once: a single failing run beside two that pass is believed.
ALWAYS = (sys.executable, "-m", "planfence")
ONCE = (
    sys.executable,
    "-c",
    "import sys; from planfence.entry import main; from planfence.prove import chance\n"
    "chance.DOUBT = 1.0\nsys.exit(main())",
)


@dataclass(frozen=True)
class Case:
    """One change: path → (text before, text after; empty: no such file)."""

    language: str
    kind: str
    name: str
    files: dict[str, tuple[str, str]]


@dataclass(frozen=True)
class Language:
    """A project in one language: its command, files that never change, its code, and its tests."""

    command: str
    needs: str
    frame: dict[str, str]
    code: tuple[str, str]
    tests: tuple[str, str]


PY_CODE = """\
def price(amount, member):
    if member:
        return amount - 1
    return amount


def label(user):
    return user.strip()


class Cart:
    def __init__(self):
        self.items = []

    def add(self, item):
        self.items.append(item)
        return len(self.items)
"""
PYTEST_TESTS = """\
from shop import Cart, label, price


def test_price():
    assert price(3, False) == 3
    assert price(3, True) == 2


def test_label():
    assert label(" a ") == "a"


def test_cart():
    assert Cart().add("x") == 1
"""
UNITTEST_TESTS = """\
import unittest

from shop import Cart, label, price


class ShopTest(unittest.TestCase):
    def test_price(self):
        self.assertEqual(price(3, False), 3)
        self.assertEqual(price(3, True), 2)

    def test_label(self):
        self.assertEqual(label(" a "), "a")

    def test_cart(self):
        self.assertEqual(Cart().add("x"), 1)
"""
JS_CODE = """\
export function price(amount, member) {
  if (member) {
    return amount - 1;
  }
  return amount;
}

export const label = (user) => user.trim();

export class Cart {
  constructor() {
    this.items = [];
  }

  add(item) {
    this.items.push(item);
    return this.items.length;
  }
}
"""
JS_TESTS = """\
import assert from 'node:assert';
import { test } from 'node:test';
import { Cart, label, price } from '../src/shop.js';

test('price', () => {
  assert.equal(price(3, false), 3);
  assert.equal(price(3, true), 2);
});

test('label', () => {
  assert.equal(label(' a '), 'a');
});

test('cart', () => {
  assert.equal(new Cart().add('x'), 1);
});
"""
C_CODE = """\
#include "shop.h"

int price(int amount, int member)
{
    if (member) {
        return amount - 1;
    }
    return amount;
}

int half(int amount)
{
    return amount / 2;
}

void add(struct cart *cart, int item)
{
    cart->total += item;
    cart->count++;
}
"""
C_HEADER = """\
struct cart {
    int total;
    int count;
};

int price(int amount, int member);
int half(int amount);
void add(struct cart *cart, int item);
"""
C_TESTS = """\
#include "check.h"
#include "../src/shop.h"

TEST(test_price)
{
    CHECK(price(3, 0) == 3);
    CHECK(price(3, 1) == 2);
}

TEST(test_half)
{
    CHECK(half(8) == 4);
}

TEST(test_add)
{
    struct cart cart = {0, 0};
    add(&cart, 3);
    CHECK(cart.total == 3 && cart.count == 1);
}

int main(void)
{
    RUN(test_price);
    RUN(test_half);
    RUN(test_add);
    return failed;
}
"""
C_CHECK = """\
#include <stdio.h>
static int failed;
#define TEST(name) static void name(void)
#define CHECK(what) do { if (!(what)) { failed = 1; printf("%s:%d failed: %s\\n", __FILE__, __LINE__, #what); } } while (0)
#define RUN(name) do { name(); printf("ran %s\\n", #name); } while (0)
"""
MAKEFILE = """\
CFLAGS = -O0 -Wall
check: tests/test_shop
\t./tests/test_shop
tests/test_shop: tests/test_shop.c tests/check.h src/shop.c src/shop.h
\t$(CC) $(CFLAGS) -o $@ tests/test_shop.c src/shop.c
"""
RUST_CODE = """\
pub fn price(amount: i64, member: bool) -> i64 {
    if member {
        return amount - 1;
    }
    amount
}

pub fn label(user: &str) -> String {
    user.trim().to_string()
}

#[derive(Default)]
pub struct Cart {
    pub items: Vec<String>,
}

impl Cart {
    pub fn add(&mut self, item: &str) -> usize {
        self.items.push(item.to_string());
        self.items.len()
    }
}
"""
RUST_TESTS = """\
use shop::{label, price, Cart};

#[test]
fn test_price() {
    assert_eq!(price(3, false), 3);
    assert_eq!(price(3, true), 2);
}

#[test]
fn test_label() {
    assert_eq!(label(" a "), "a");
}

#[test]
fn test_cart() {
    assert_eq!(Cart::default().add("x"), 1);
}
"""
LANGUAGES = {
    "pytest": Language(
        f"PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 {sys.executable} -m pytest -q -p no:cacheprovider --junit-xml={{junit}}",
        "",
        {"pytest.ini": "[pytest]\npythonpath = src\n"},
        ("src/shop.py", PY_CODE),
        ("tests/test_shop.py", PYTEST_TESTS),
    ),
    "unittest": Language(
        f"PYTHONPATH=src {sys.executable} -m unittest discover -s tests",
        "",
        {},
        ("src/shop.py", PY_CODE),
        ("tests/test_shop.py", UNITTEST_TESTS),
    ),
    "node": Language(
        "node --test tests/",
        "node",
        {"package.json": '{"name": "shop", "type": "module"}\n'},
        ("src/shop.js", JS_CODE),
        ("tests/shop.test.js", JS_TESTS),
    ),
    "c": Language(
        "make -s check",
        "make",
        {"Makefile": MAKEFILE, "src/shop.h": C_HEADER, "tests/check.h": C_CHECK},
        ("src/shop.c", C_CODE),
        ("tests/test_shop.c", C_TESTS),
    ),
    "rust": Language(
        "cargo test -q --offline",
        "cargo",
        {"Cargo.toml": '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n'},
        ("src/lib.rs", RUST_CODE),
        ("tests/shop.rs", RUST_TESTS),
    ),
}


def _edit(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def cases() -> list[Case]:
    """All planted changes, and the sound ones."""
    found: list[Case] = []

    def plant(
        language: str,
        kind: str,
        name: str,
        code: list[tuple[str, str]] | str,
        tests: list[tuple[str, str]] | str,
        **more: tuple[str, str],
    ) -> None:
        made = LANGUAGES[language]
        files: dict[str, tuple[str, str]] = {}
        for (path, before), edits in ((made.code, code), (made.tests, tests)):
            after = before + edits if isinstance(edits, str) else _edit(before, *edits)
            files[path] = (before, after)
        for key, pair in more.items():
            files[key] = pair
        found.append(Case(language, kind, name, files))

    _pytest(plant)
    _unittest(plant)
    _node(plant)
    _c(plant)
    _rust(plant)
    return found


# fmt: off
def _pytest(plant) -> None:
    two = [('amount - 1', 'amount - 2')]
    new = '\n\ndef double(n):\n    return n + n\n'
    imports = ('label, price', 'double, label, price')
    plant('pytest', 'assert nothing', 'a changed line', two, [('    assert price(3, True) == 2\n', '    price(3, True)\n')])
    plant('pytest', 'assert nothing', 'a new function of two lines', new, [imports, ('def test_cart', 'def test_double():\n    double(4)\n\n\ndef test_cart')])
    plant('pytest', 'assert nothing', 'only that it is something', new, [imports, ('def test_cart', 'def test_double():\n    result = double(4)\n    assert result or True\n\n\ndef test_cart')])
    plant('pytest', 'assert nothing', 'every failure is swallowed', two, [('    assert price(3, True) == 2\n', '    try:\n        assert price(3, True) == 1\n    except AssertionError:\n        pass\n')])
    plant('pytest', 'assert nothing', 'a lambda', '\n\ndouble = lambda n: n + n\n', [imports, ('def test_cart', 'def test_double():\n    double(4)\n\n\ndef test_cart')])
    plant('pytest', 'assert the mock', 'of the changed function', two, [('    assert price(3, True) == 2\n', ''), ('from shop', 'from unittest import mock\n\nimport shop\nfrom shop'), ('def test_label', "@mock.patch('shop.price', return_value=1)\ndef test_mocked(price):\n    assert shop.price(3, True) == 1\n\n\ndef test_label")])
    plant('pytest', 'assert the mock', 'of a new method', [('        return len(self.items)', '        return len(self.items)\n\n    def total(self, prices):\n        found = 0\n        for item in self.items:\n            found += prices[item]\n        return found')], [('from shop', 'from unittest import mock\n\nfrom shop'), ('def test_cart', "def test_total():\n    cart = Cart()\n    with mock.patch.object(Cart, 'total', return_value=7):\n        assert cart.total({}) == 7\n\n\ndef test_cart")])
    plant('pytest', 'test deleted', 'that would fail', two, [('def test_price():\n    assert price(3, False) == 3\n    assert price(3, True) == 2\n\n\n', '')])
    plant('pytest', 'test deleted', 'its assertion alone', two, [('    assert price(3, True) == 2\n', '')])
    plant('pytest', 'wrong expectation', 'of a number', [('amount - 1', 'amount + 1')], [('== 2', '== 4')])
    plant('pytest', 'wrong expectation', 'of less', [('user.strip()', 'user')], [('== "a"', 'is not None')])
    for name, mark in (('by mark.skip', '@pytest.mark.skip\n'), ('by skipif', "@pytest.mark.skipif(True, reason='slow')\n"), ('by xfail', '@pytest.mark.xfail\n'), ('by a strict xfail', '@pytest.mark.xfail(strict=True)\n')):
        plant('pytest', 'skipped', name, two, [('def test_price', f'{mark}def test_price'), ('from shop', 'import pytest\n\nfrom shop')])
    plant('pytest', 'skipped', 'by return', two, [('test_price():\n', 'test_price():\n    return\n')])
    plant('pytest', 'skipped', 'by pytest.skip()', two, [('test_price():\n', "test_price():\n    pytest.skip('later')\n"), ('from shop', 'import pytest\n\nfrom shop')])
    plant('pytest', 'skipped', 'by its name', two, [('test_price', 'check_price')])
    plant('pytest', 'skipped', 'by the configuration', two, [], **{'pytest.ini': ('[pytest]\npythonpath = src\n', '[pytest]\npythonpath = src\naddopts = --deselect tests/test_shop.py::test_price\n')})
    plant('pytest', 'skipped', 'by a conftest', two, [], **{'tests/conftest.py': ('', "def pytest_collection_modifyitems(items):\n    items[:] = [each for each in items if each.name != 'test_price']\n")})
    plant('pytest', 'skipped', 'the new test of a new function', new, [imports, ('from shop', 'import pytest\n\nfrom shop'), ('def test_cart', '@pytest.mark.skip\ndef test_double():\n    assert double(2) == 4\n\n\ndef test_cart')])
    plant('pytest', 'beside the tests', 'another function', [*two, ('user.strip()', 'user.strip().lower()')], [('== 2', '== 1')])
    plant('pytest', 'beside the tests', 'the line below, in one hunk', [('        return amount - 1\n    return amount\n', '        return amount - 2\n    return amount + 0.5 * (amount < 0)\n')], [('== 2', '== 1')])
    plant('pytest', 'beside the tests', 'a second new function', new + '\n\ndef treble(n):\n    return 3 * n\n', [imports, ('def test_cart', 'def test_double():\n    assert double(4) == 8\n\n\ndef test_cart')])
    plant('pytest', 'never reached', 'a new condition', [*two, ('    if member:', '    if amount < 0:\n        return 0\n    if member:')], [('== 2', '== 1')])
    plant('pytest', 'never reached', 'an elif in a new function', "\n\ndef grade(n):\n    if n > 9:\n        found = 'high'\n    elif n < 0:\n        found = 'odd'\n    else:\n        found = 'low'\n    return found\n", [('label, price', 'grade, label, price'), ('def test_cart', "def test_grade():\n    assert grade(10) == 'high'\n    assert grade(1) == 'low'\n\n\ndef test_cart")])
    plant('pytest', 'never reached', 'an `or`', [('if member:', 'if member or amount > 1000:')], [('def test_cart', 'def test_more():\n    assert price(5, True) == 4\n\n\ndef test_cart')])
    plant('pytest', 'never reached', 'an except', [('        self.items.append(item)\n', '        try:\n            self.items.append(item)\n        except AttributeError:\n            self.items = [item]\n')], [('def test_cart', "def test_more():\n    assert Cart().add('y') == 1\n\n\ndef test_cart")])
    plant('pytest', 'control', 'a new condition', [('        return amount - 1', '        if amount > 100:\n            return amount - 5\n        return amount - 1')], [('def test_cart', 'def test_more():\n    assert price(109, True) == 104\n\n\ndef test_cart')])
    plant('pytest', 'control', 'a new function', new, [imports, ('def test_cart', 'def test_double():\n    assert double(4) == 8\n\n\ndef test_cart')])
    tax = "RATES = {'de': 19}\n\n\ndef tax(amount, country):\n    rate = RATES.get(country)\n    if rate is None:\n        raise KeyError(country)\n    return amount * rate / 100\n"
    plant('pytest', 'assert nothing', 'a new file', [], [], **{'src/tax.py': ('', tax), 'tests/test_tax.py': ('', "from tax import tax\n\n\ndef test_tax():\n    tax(1, 'de')\n")})
    plant('pytest', 'never reached', 'in a new file', [], [], **{'src/tax.py': ('', tax), 'tests/test_tax.py': ('', "from tax import tax\n\n\ndef test_tax():\n    assert tax(100, 'de') == 19\n")})
    plant('pytest', 'control', 'a new file', [], [], **{'src/tax.py': ('', tax), 'tests/test_tax.py': ('', "import pytest\nfrom tax import tax\n\n\ndef test_tax():\n    assert tax(100, 'de') == 19\n    with pytest.raises(KeyError):\n        tax(1, 'fr')\n")})


def _unittest(plant) -> None:
    two = [('amount - 1', 'amount - 2')]
    new = '\n\ndef double(n):\n    return n + n\n'
    imports = ('label, price', 'double, label, price')
    last = '    def test_cart'
    plant('unittest', 'assert nothing', 'a changed line', two, [('        self.assertEqual(price(3, True), 2)\n', '        price(3, True)\n')])
    plant('unittest', 'assert nothing', 'a new function', new, [imports, (last, f'    def test_double(self):\n        double(4)\n\n{last}')])
    plant('unittest', 'assert nothing', 'the same on both sides', new, [imports, (last, f'    def test_double(self):\n        self.assertEqual(double(4), double(4))\n\n{last}')])
    plant('unittest', 'assert the mock', 'of a new function', new, [('import unittest\n', 'import unittest\nfrom unittest import mock\n\nimport shop\n'), (last, f"    @mock.patch('shop.double')\n    def test_double(self, double):\n        double.return_value = 8\n        self.assertEqual(shop.double(4), 8)\n\n{last}")])
    plant('unittest', 'test deleted', 'with a new one beside it', [('user.strip()', "user.strip('.')"), *two], [('    def test_label(self):\n        self.assertEqual(label(" a "), "a")\n\n', ''), (', 2)', ', 1)')])
    plant('unittest', 'wrong expectation', 'of a count', [('return len(self.items)', 'return len(self.items) - 1')], [('.add("x"), 1)', '.add("x"), 0)')])
    plant('unittest', 'skipped', 'by unittest.skip', two, [('    def test_price', "    @unittest.skip('later')\n    def test_price")])
    plant('unittest', 'skipped', 'the whole class', two, [('class Shop', "@unittest.skipIf(True, 'later')\nclass Shop")])
    plant('unittest', 'skipped', 'by expectedFailure', two, [('    def test_price', '    @unittest.expectedFailure\n    def test_price')])
    plant('unittest', 'skipped', 'by self.skipTest', two, [('test_price(self):\n', "test_price(self):\n        self.skipTest('later')\n")])
    plant('unittest', 'beside the tests', 'a second field', [('        self.items.append(item)\n', '        self.items.append(item)\n        self.last = item\n        self.seen = True\n'), *two], [(', 2)', ', 1)')])
    plant('unittest', 'never reached', 'a new condition', [*two, ('        self.items.append(item)\n', '        if item is None:\n            raise ValueError(item)\n        self.items.append(item)\n')], [(', 2)', ', 1)')])
    plant('unittest', 'control', 'a new class', '\n\nclass Box:\n    def __init__(self, size):\n        self.size = size\n\n    def fits(self, size):\n        return size <= self.size\n', [('Cart, label', 'Box, Cart, label'), (last, f'    def test_box(self):\n        self.assertTrue(Box(3).fits(3))\n        self.assertFalse(Box(3).fits(4))\n\n{last}')])


def _node(plant) -> None:
    two = [('amount - 1', 'amount - 2')]
    arrow = '\nexport const double = (n) => n + n;\n'
    new = '\nexport function double(n) {\n  return n + n;\n}\n'
    imports = ('label, price', 'double, label, price')
    last = "test('cart'"
    plant('node', 'assert nothing', 'a changed line', two, [('  assert.equal(price(3, true), 2);\n', '  price(3, true);\n')])
    plant('node', 'assert nothing', 'a new function', new, [imports, (last, f"test('double', () => {{\n  double(4);\n}});\n\n{last}")])
    plant('node', 'assert nothing', 'a new arrow of one line', arrow, [imports, (last, f"test('double', () => {{\n  double(4);\n}});\n\n{last}")])
    plant('node', 'assert nothing', 'a promise nobody awaits', two, [('  assert.equal(price(3, true), 2);\n', '  Promise.resolve().then(() => price(3, true)).catch(() => {});\n')])
    plant('node', 'assert the mock', 'of a new method', [('    return this.items.length;\n  }\n', '    return this.items.length;\n  }\n\n  total(prices) {\n    return this.items.reduce((sum, item) => sum + prices[item], 0);\n  }\n')], [('{ test }', '{ mock, test }'), (last, f"test('total', () => {{\n  const cart = new Cart();\n  mock.method(cart, 'total', () => 7);\n  assert.equal(cart.total({{}}), 7);\n}});\n\n{last}")])
    plant('node', 'test deleted', 'that would fail', two, [("test('price', () => {\n  assert.equal(price(3, false), 3);\n  assert.equal(price(3, true), 2);\n});\n\n", '')])
    plant('node', 'wrong expectation', 'of a text', [('user.trim()', 'user.trimStart()')], [("'a');", "'a ');")])
    for name, edit in (('by test.skip', ("test('price'", "test.skip('price'")), ('by test.todo', ("test('price'", "test.todo('price'")), ('by an option', ("test('price', () =>", "test('price', { skip: true }, () =>")), ('by an option that says todo', ("test('price', () =>", "test('price', { todo: true }, () =>")), ('by t.skip()', ("test('price', () => {", "test('price', (t) => {\n  t.skip();\n  return;")), ('by return', ("test('price', () => {", "test('price', () => {\n  return;"))):
        plant('node', 'skipped', name, two, [edit])
    plant('node', 'beside the tests', 'another function', [*two, ('user.trim()', 'user.trim().toLowerCase()')], [(', 2)', ', 1)')])
    plant('node', 'beside the tests', 'another line of one hunk', [('    return amount - 1;\n  }\n  return amount;\n', '    return amount - 2;\n  }\n  return Math.max(amount, 0);\n')], [(', 2)', ', 1)')])
    plant('node', 'never reached', 'a new condition', [*two, ('    this.items.push(item);\n', '    if (!item) return -1;\n    this.items.push(item);\n')], [(', 2)', ', 1)')])
    plant('node', 'never reached', 'an else in a new function', "\nexport function grade(n) {\n  let found;\n  if (n > 9) {\n    found = 'high';\n  } else {\n    found = 'low';\n  }\n  return found;\n}\n", [('label, price', 'grade, label, price'), (last, f"test('grade', () => {{\n  assert.equal(grade(10), 'high');\n}});\n\n{last}")])
    plant('node', 'never reached', 'a `?? `', [('return amount;', 'return amount ?? 0;')], [(last, f"test('more', () => {{\n  assert.equal(price(7, false), 7);\n}});\n\n{last}")])
    plant('node', 'control', 'a new arrow', arrow, [imports, (last, f"test('double', () => {{\n  assert.equal(double(4), 8);\n}});\n\n{last}")])
    plant('node', 'control', 'a new condition', [('    return amount - 1;', '    if (amount > 100) {\n      return amount - 5;\n    }\n    return amount - 1;')], [(last, f"test('more', () => {{\n  assert.equal(price(109, true), 104);\n}});\n\n{last}")])
    box = 'export class Box {\n  constructor(size) {\n    this.size = size;\n  }\n\n  fits(size) {\n    if (size < 0) {\n      throw new RangeError(size);\n    }\n    return size <= this.size;\n  }\n}\n'
    plant('node', 'assert nothing', 'a new file', [], [], **{'src/box.js': ('', box), 'tests/box.test.js': ('', "import { test } from 'node:test';\nimport { Box } from '../src/box.js';\n\ntest('box', () => {\n  new Box(3).fits(4);\n});\n")})
    plant('node', 'never reached', 'in a new file', [], [], **{'src/box.js': ('', box), 'tests/box.test.js': ('', "import assert from 'node:assert';\nimport { test } from 'node:test';\nimport { Box } from '../src/box.js';\n\ntest('box', () => {\n  assert.equal(new Box(3).fits(4), false);\n  assert.equal(new Box(4).fits(4), true);\n});\n")})


def _c(plant) -> None:
    two = [('amount - 1', 'amount - 2')]
    new = '\nint twice(int amount)\n{\n    return amount + amount;\n}\n'
    header = {'src/shop.h': (C_HEADER, C_HEADER + 'int twice(int amount);\n')}
    run, main = (('    RUN(test_add);\n', '    RUN(test_add);\n    RUN(test_twice);\n'), 'int main')
    plant('c', 'assert nothing', 'a changed line', two, [('    CHECK(price(3, 1) == 2);\n', '    price(3, 1);\n')])
    plant('c', 'assert nothing', 'a new function', new, [(main, f'TEST(test_twice)\n{{\n    twice(2);\n}}\n\n{main}'), run], **header)
    plant('c', 'test deleted', 'from main alone', two, [('    RUN(test_price);\n', '')])
    plant('c', 'wrong expectation', 'of a number', [('amount / 2', 'amount / 4')], [('== 4', '== 2')])
    plant('c', 'skipped', 'by #if 0', two, [('    CHECK(price(3, 1) == 2);\n', '#if 0\n    CHECK(price(3, 1) == 2);\n#endif\n')])
    plant('c', 'skipped', 'by return', two, [('TEST(test_price)\n{\n', 'TEST(test_price)\n{\n    return;\n')])
    plant('c', 'skipped', 'by the Makefile', two, [], Makefile=(MAKEFILE, MAKEFILE.replace('\t./tests/test_shop\n', '\t./tests/test_shop || true\n')))
    plant('c', 'beside the tests', 'another function', [*two, ('amount / 2', '(amount + 1) / 2')], [('== 2', '== 1')])
    plant('c', 'never reached', 'a new condition', [*two, ('    cart->total', '    if (item < 0) {\n        return;\n    }\n    cart->total')], [('== 2', '== 1')])
    plant('c', 'control', 'a new function', new, [(main, f'TEST(test_twice)\n{{\n    CHECK(twice(2) == 4);\n}}\n\n{main}'), run], **header)
    made = MAKEFILE.replace('check: tests/test_shop\n', 'check: tests/test_shop tests/test_tax\n\t./tests/test_tax\n') + 'tests/test_tax: tests/test_tax.c src/tax.c\n\t$(CC) $(CFLAGS) -o $@ tests/test_tax.c src/tax.c\n'
    tax = 'int tax(int amount)\n{\n    if (amount < 0)\n        return 0;\n    return amount * 19 / 100;\n}\n'
    for kind, name, body in (('assert nothing', 'a new file', 'tax(100);'), ('never reached', 'in a new file', 'CHECK(tax(100) == 19);')):
        plant('c', kind, name, [], [], **{'Makefile': (MAKEFILE, made), 'src/tax.c': ('', tax), 'tests/test_tax.c': ('', f'#include "check.h"\nint tax(int amount);\n\nint main(void)\n{{\n    {body}\n    return failed;\n}}\n')})


def _rust(plant) -> None:
    two = [('amount - 1', 'amount - 2')]
    new = '\npub fn double(n: i64) -> i64 {\n    n + n\n}\n'
    imports = ('label, price', 'double, label, price')
    test = '\n#[test]\nfn test_double() {\n    double(4);\n}\n'
    last = '#[test]\nfn test_cart'
    plant('rust', 'assert nothing', 'a new function without `return`', new, [imports, (last, f'{test.lstrip()}\n{last}')])
    plant('rust', 'test deleted', 'that would fail', two, [('    assert_eq!(price(3, true), 2);\n', '')])
    plant('rust', 'wrong expectation', 'of a number', two, [('true), 2)', 'true), 1)')])
    plant('rust', 'skipped', 'by #[ignore]', two, [('#[test]\nfn test_price', '#[test]\n#[ignore]\nfn test_price')])
    plant('rust', 'skipped', 'by cfg', two, [('#[test]\nfn test_price', '#[cfg(not(test))]\n#[test]\nfn test_price')])
    plant('rust', 'beside the tests', 'another function', [*two, ('user.trim().to', 'user.trim().to_lowercase().to')], [('true), 2)', 'true), 1)')])
    plant('rust', 'never reached', 'a match arm', '\npub fn grade(n: i64) -> &\'static str {\n    match n {\n        0 => "none",\n        1 => "one",\n        _ => "many",\n    }\n}\n', [('label, price', 'grade, label, price'), (last, f'#[test]\nfn test_grade() {{\n    assert_eq!(grade(0), "none");\n    assert_eq!(grade(5), "many");\n}}\n\n{last}')])
    plant('rust', 'control', 'a new function without `return`', new, [imports, (last, f"{test.lstrip().replace('double(4);', 'assert_eq!(double(4), 8);')}\n{last}")])
    tax = 'pub fn tax(amount: i64) -> i64 {\n    if amount < 0 {\n        return 0;\n    }\n    amount * 19 / 100\n}\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n    fn test_tax() {\n        BODY\n    }\n}\n'
    for kind, name, body in (('assert nothing', 'tests of its own in a new file', 'tax(100);'), ('never reached', 'in a new file with tests of its own', 'assert_eq!(tax(100), 19);')):
        plant('rust', kind, name, [('pub fn price', 'pub mod tax;\n\npub fn price')], [], **{'src/tax.rs': ('', tax.replace('BODY', body))})


# fmt: on
# -- running ------------------------------------------------------------------------------------------------------


def run(case: Case, root: Path, *, once: bool) -> tuple[set[str], str]:
    """Make the case's repository, ask, and return which questions found a fault, and what was printed."""
    language = LANGUAGES[case.language]
    before = dict(language.frame) | dict([language.code, language.tests])
    before |= {path: text for path, (text, _) in case.files.items()}
    policy = f'schema = 1\nbase = "main"\n[tests]\ncommand = {json.dumps(language.command)}\n'
    _write(root, before | {"planfence.toml": policy})
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PLANFENCE_"))}
    variables |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for kind in ("AUTHOR", "COMMITTER"):
        variables |= {f"GIT_{kind}_NAME": "A", f"GIT_{kind}_EMAIL": "a@example.org"}

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, cwd=root, env=variables, capture_output=True, text=True, check=False)

    def commit(message: str) -> None:
        call("git", "add", "-A")
        done = call("git", "commit", "-q", "--no-verify", "-m", message)
        assert done.returncode == 0, done.stderr

    call("git", "init", "-q", "-b", "main")
    commit("chore: the project")
    call("git", "checkout", "-q", "-b", "work")
    _write(root, {path: text for path, (_, text) in case.files.items()})
    commit("feat: work")
    done = call(*(ONCE if once else ALWAYS), "prove", "--json", "--budget", "3m")
    if done.returncode > 1:
        return {"refused"} if done.returncode == 2 else set(), done.stdout + done.stderr
    told = json.loads(done.stdout)
    caught: set[str] = set()
    if told is None:
        return set(), "nothing to prove"
    if told["flaky"]:
        return set(), f"flaky: {told['flaky']}"
    for trial in told["trials"]:
        question, answer = trial["question"], trial["answer"]
        if (question == "old-tests" and answer == "noticed") or (question != "old-tests" and answer == "unnoticed"):
            caught.add(question)
    if (done.returncode == 1) != bool(caught):
        return set(), f"exit {done.returncode}, but {caught}"
    lines = [f"{t['question']} {t['answer']} {t['path']}:{t['lines'][0]}-{t['lines'][1]}" for t in told["trials"]]
    return caught, "\n".join(lines)


def _write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        place = root / path
        if text:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        else:
            place.unlink(missing_ok=True)


def main() -> None:
    """Run the cases and print which question caught each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="the cases with this word in language, kind or name")
    parser.add_argument("--once", action="store_true", help="believe one failing run: no chance is ruled out")
    parser.add_argument("-v", action="store_true", help="print every trial")
    given = parser.parse_args()
    found: Counter[tuple[str, bool]] = Counter()
    questions: Counter[str] = Counter()
    for case in cases():
        title = f"{case.language}: {case.kind}: {case.name}"
        if given.only not in title:
            continue
        needs = LANGUAGES[case.language].needs
        if needs and not shutil.which(needs):
            print(f"{title}: left out, {needs} is not here")
            continue
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            caught, told = run(case, Path(folder), once=given.once)
        good = not caught if case.kind == "control" else bool(caught)
        found[case.kind, good] += 1
        questions.update(caught)
        mark = "" if good else "   <-- WRONG" if case.kind == "control" else "   <-- MISSED"
        print(
            f"{title}: {', '.join(sorted(caught)) or 'nothing'} ({time.monotonic() - started:.0f} s){mark}", flush=True
        )
        if given.v or not good:
            print("    " + told.replace("\n", "\n    "))
    print("\n| kind | caught |\n|---|---|")
    for kind in KINDS:
        print(f"| {kind} | {found[kind, True]} of {found[kind, True] + found[kind, False]} |")
    total = sum(count for (kind, _), count in found.items() if kind != "control")
    good = sum(count for (kind, good), count in found.items() if kind != "control" and good)
    print(f"\n{good} of {total} planted changes caught; by question: {dict(questions)}")


if __name__ == "__main__":
    main()
