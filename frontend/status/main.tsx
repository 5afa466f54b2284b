import { render } from "preact";
import { startWatching } from "./state.ts";
import { Status } from "./Status.tsx";
import "../styles/tokens.css";
import "./status.css";

const root = document.getElementById("app");
if (root === null) throw new Error("Cannot draw the page: the document has no #app");
startWatching();
render(<Status />, root);
