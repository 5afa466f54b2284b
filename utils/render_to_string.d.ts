import type { Markup } from "./jsx_runtime.d.ts";

export declare function renderToString(markup: Markup): string;
