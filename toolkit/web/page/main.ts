/**
 * The start of the page's script.
 *
 * @module
 */

import { byId } from "./dom.ts";
import { ListPage } from "./list_page.ts";
import { ToolPage } from "./tool_page.ts";

const { mode } = document.body.dataset;
byId("home").hidden = mode !== "run";
if (mode === "list") new ListPage();
else new ToolPage();
