// The theme that was chosen on the review page, for pages without anything else to do.

import { applyTheme } from "./preferences.js";

applyTheme();
