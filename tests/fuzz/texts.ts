/**
 * Texts that programs stumble over.
 *
 * @module
 */
import fc from "fast-check";

/** Named, so that a failing test says which one it was. */
export const hostileTexts: Record<string, string> = {
  "a bidi override": "gnp.\u202etxt.exe",
  "bidi isolates that are never closed": "\u2066\u2067\u2068 one \u202b two",
  "right to left": "שלום עולם, مرحبا بالعالم",
  "both directions": "abc אבג 123 دهو xyz",
  "combining marks": `Z${"\u0335\u0301\u0353".repeat(2_000)}algo`,
  "zero width": `a${"\u200b\u200c\u200d\u2060\ufeff".repeat(500)}b`,
  "many lines": "\n".repeat(7_000) + "end",
  "carriage returns": "one\r\ntwo\rthree\u2028four\u2029five\u0085six",
  "one long word": "w".repeat(8_000),
  "astral up to the limit": "😀".repeat(4_000),
  "joined emoji": "👩‍👩‍👧‍👦🏳️‍🌈👍🏽".repeat(50),
  "controls": "a\x01\x02\x07\x08\x1b[31mred\x7f\x9f",
  "noncharacters": "\ufffe\uffff\u{1ffff}\u{10ffff}\ufffd",
  "private use": "\ue000\u{f0000}",
  "HTML": `<img src=x onerror="alert(1)"><script>alert(1)</script></p><b>&amp;&lt;`,
  "a template": "${7*7} {{7*7}} <%= 7*7 %> #{7*7} %s %n %x %{x}",
  "SQL": `'; drop table messages; -- \\' " $1 $$ E'\\x00' % _ \\`,
  "a search's operators": "a:* & !b | (c <-> d) 'e' \\ :*AB",
  "a path": "../../../../etc/passwd\\..\\..",
  "JSON": `{"type":"ping"}","content":"\\u0000`,
  "prototype names": "__proto__ constructor prototype toString valueOf",
  "like wildcards": "%_%\\%__",
  "a tab and spaces": "\t \u00a0\u3000 x \t",
};

/** These no database can keep and no JSON can carry; they are refused. */
export const unstorableTexts: Record<string, string> = {
  "NUL": "a\0b",
  "a high surrogate alone": "a\ud83d",
  "a low surrogate alone": "\ude00b",
  "surrogates the wrong way round": "\ude00\ud83d",
};

export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...Object.values(hostileTexts), ...Object.values(unstorableTexts)),
  fc.string({ unit: "grapheme", maxLength: 60 }),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.array(fc.nat(0xffff), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
);
