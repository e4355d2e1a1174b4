/** What the pages look like beside the report's own style, whose colours they use, dark and light. */
export const SERVE_STYLE = `
.skip {
  position: absolute;
  left: -9999px;
}

.skip:focus {
  left: 12px;
  top: 12px;
  z-index: 20;
  padding: 6px 12px;
  background: var(--surface);
}

header.site {
  display: flex;
  align-items: center;
  gap: 28px;
  padding: 10px 24px;
  background: var(--surface);
  border-bottom: 1px solid var(--line);
}

header.site nav {
  margin: 0;
}

.brand {
  font-weight: 700;
}

nav a[aria-current] {
  color: var(--text);
  font-weight: 600;
  text-decoration: none;
  border-bottom: 2px solid var(--text);
}

main {
  max-width: 1500px;
}

main:focus {
  outline: none;
}

.note {
  margin: 10px 0;
  padding: 8px 12px;
  border-left: 4px solid var(--unknown);
  background: var(--surface);
  overflow-wrap: anywhere;
}

.filter {
  display: flex;
  flex-wrap: wrap;
  align-items: end;
  gap: 8px 14px;
  margin: 14px 0;
  padding: 12px 14px;
  background: var(--surface);
  border: 1px solid var(--line);
  border-radius: 8px;
}

.filter label {
  display: grid;
  font-size: 12px;
  color: var(--muted);
}

.filter select {
  max-width: 220px;
}

.buttons {
  white-space: nowrap;
}

input:not([type='checkbox']) {
  font: inherit;
  font-size: 14px;
  color: var(--text);
  background: var(--page);
  border: 1px solid var(--line);
  border-radius: 6px;
  padding: 4px 8px;
  max-width: 100%;
}

.count {
  margin: 10px 0;
}

.runs td,
.runs th {
  padding: 6px 9px;
}

.runs .found {
  min-width: 26ch;
  max-width: 60ch;
  overflow-wrap: anywhere;
}

.runs .names {
  min-width: 9ch;
  max-width: 24ch;
  overflow-wrap: break-word;
}

.runs time,
.runs .revision {
  white-space: nowrap;
}

th .hint {
  font-weight: 400;
}

.sides td:nth-child(4) {
  width: 12%;
  white-space: nowrap;
}

td .button + .button {
  margin-left: 6px;
}

.tag.valid,
.key.valid {
  --tone: var(--valid);
}

.tag.invalid,
.key.invalid {
  --tone: var(--invalid);
}

.tag.unknown,
.key.unknown,
.tag.cut-off,
.tag.unreadable {
  --tone: var(--unknown);
}

.tag.running {
  --tone: var(--link);
}

h1 .tag {
  font-size: 18px;
  margin-right: 8px;
}

.button {
  display: inline-block;
  padding: 4px 12px;
  border: 1px solid var(--line);
  border-radius: 6px;
  background: var(--surface);
  color: var(--text);
  font-size: 14px;
  text-decoration: none;
}

.button:hover {
  border-color: var(--muted);
}

.button.primary {
  background: var(--text);
  border-color: var(--text);
  color: var(--surface);
}

.inline {
  margin: 10px 0;
  font-size: 14px;
}

main > pre {
  margin: 10px 0;
  padding: 10px 14px;
  background: var(--surface);
  border: 1px solid var(--line);
  border-radius: 8px;
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}

#live > pre {
  white-space: pre-wrap;
  overflow-wrap: anywhere;
  color: var(--muted);
}

td code,
dd code,
tbody th code {
  overflow-wrap: anywhere;
}

/* A narrow screen scrolls; paper does not. */
@media screen {
  td.long {
    min-width: 40ch;
  }
}

.anomaly {
  overflow-wrap: anywhere;
}

.sides td {
  width: 35%;
  overflow-wrap: anywhere;
}

.sides tbody th {
  font-size: 14px;
  color: var(--text);
  max-width: 44ch;
  overflow-wrap: anywhere;
}

.pager {
  gap: 6px 16px;
}

.legend {
  display: flex;
  gap: 4px 16px;
  margin: 4px 0;
}

.key::before {
  content: '';
  display: inline-block;
  width: 12px;
  height: 12px;
  margin-right: 6px;
  border-radius: 2px;
  background: var(--tone);
}

.key.ok {
  --tone: var(--ok);
}

.key.fail {
  --tone: var(--fail);
}

.key.info {
  --tone: var(--info);
}

.chart {
  display: block;
  width: 100%;
  max-width: 1100px;
  background: var(--surface);
  border: 1px solid var(--line);
  border-radius: 8px;
}

.chart text {
  fill: var(--muted);
  font: 12px system-ui, sans-serif;
}

.chart .grid {
  stroke: var(--line);
}

.chart .valid {
  fill: var(--valid);
}

.chart .unknown {
  fill: var(--unknown);
}

.chart .invalid {
  fill: var(--invalid);
}

.chart .ok {
  fill: var(--ok);
  stroke: var(--ok);
}

.chart .info {
  fill: var(--info);
  stroke: var(--info);
}

.chart .fail {
  fill: var(--fail);
  stroke: var(--fail);
}

.chart .leader {
  fill: var(--leader);
  stroke: var(--leader);
}

.chart .path {
  fill: none;
  stroke-width: 1.5;
}

.chart .reach {
  stroke-width: 2;
  opacity: 0.45;
}

.chart .slot {
  fill: transparent;
}

.chart a:hover .slot,
.chart a:focus-visible .slot {
  fill: var(--text);
  fill-opacity: 0.08;
}

#rate rect {
  stroke: none;
}

#outcome {
  font-weight: 600;
}

.facts.live dd {
  font-size: 20px;
  font-variant-numeric: tabular-nums;
}

.lines {
  list-style: none;
  padding: 8px 12px;
  background: var(--surface);
  border: 1px solid var(--line);
  border-radius: 8px;
  font: 13px/1.5 ui-monospace, monospace;
  overflow-wrap: anywhere;
  white-space: pre-wrap;
}

@media (max-width: 720px) {
  header.site {
    padding: 10px;
  }
}

@media print {
  header.site,
  .filter,
  .pager,
  form > p {
    display: none;
  }

  /* Its many columns on one sheet. */
  .runs :is(td, th) {
    min-width: 0;
    padding: 2px 3px;
    font-size: 8px;
  }

  .runs :is(td, th):first-child {
    display: none;
  }

  .runs .names {
    min-width: 8ch;
    overflow-wrap: anywhere;
  }

  .runs .found {
    min-width: 16ch;
  }

  .runs * {
    white-space: normal;
  }

  .runs code {
    font-size: inherit;
  }
}
`;
