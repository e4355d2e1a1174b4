/** What the page of a comparison looks like, beside the report's own style, whose colours it uses. */
export const COMPARISON_STYLE = `
.v0 { --tone: var(--ok); }
.v1 { --tone: var(--info); }
.v2 { --tone: var(--leader); }
.v3 { --tone: var(--fail); }

.variant {
  white-space: nowrap;
  font-weight: 600;
}

.variant::before {
  content: '';
  display: inline-block;
  width: 11px;
  height: 11px;
  margin-right: 7px;
  border-radius: 2px;
  background: var(--tone);
}

.variants {
  list-style: none;
}

.variants code {
  color: var(--muted);
  margin-left: 6px;
}

.caveat {
  margin-top: 8px;
  border-left: 4px solid var(--unknown);
  padding-left: 10px;
}

table {
  border-collapse: collapse;
  background: var(--surface);
  border: 1px solid var(--line);
  border-radius: 8px;
  margin: 10px 0;
}

caption {
  text-align: left;
  font-weight: 600;
  padding: 6px 0 4px;
}

th,
td {
  text-align: left;
  vertical-align: top;
  padding: 3px 12px;
}

table.glance,
table.how {
  width: 100%;
}

.glance tr + tr > *,
.glance tbody tr > *,
.how tr + tr > * {
  border-top: 1px solid var(--line);
}

.glance th,
.how th {
  width: 22%;
  font-weight: 600;
}

.group th {
  width: 280px;
  font-weight: 400;
  font-size: 14px;
  color: var(--text);
}

.group td {
  vertical-align: middle;
}

.group tr.first > * {
  border-top: 1px solid var(--line);
}

.group td:nth-last-child(3) {
  min-width: 120px;
}

.figure {
  min-width: 330px;
  font-variant-numeric: tabular-nums;
}

.group svg {
  display: block;
}

.bar {
  fill: var(--tone);
}

.reach {
  stroke: var(--tone);
  stroke-width: 2;
}

.dot {
  fill: var(--surface);
  stroke: var(--tone);
  stroke-width: 1.2;
}

.axis line {
  stroke: var(--muted);
}

.axis text {
  fill: var(--muted);
  font: 11px system-ui, sans-serif;
}

.axis > * {
  padding-top: 0;
}
`;
