import { render } from "preact";
import { App } from "./components/App.tsx";
import { start } from "./state/start.ts";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/layout.css";
import "./styles/list.css";
import "./styles/thread.css";
import "./styles/message.css";
import "./styles/composer.css";
import "./styles/screens.css";

const root = document.getElementById("app");
if (root === null) throw new Error("Cannot draw the page: the document has no #app");
start();
render(<App />, root);
