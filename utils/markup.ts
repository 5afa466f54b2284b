/**
 * Preact on the server. Its packages' own types bring the browser's with them; see
 * `jsx_runtime.d.ts`.
 *
 * @module
 */
import type { Markup } from "./jsx_runtime.d.ts";
// @ts-types="./render_to_string.d.ts"
import { renderToString } from "preact-render-to-string";

export type { Children, Markup } from "./jsx_runtime.d.ts";

/** Markup as HTML, with all text in it escaped. */
export const renderMarkup: (markup: Markup) => string = renderToString;
