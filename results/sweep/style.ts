/** What the index of a sweep looks like, beside the report's own style, whose colours it uses. */
export const SWEEP_STYLE = `
.passed { --tone: var(--valid); }
.failed, .error { --tone: var(--invalid); }
.unknown, .unfinished { --tone: var(--unknown); }

.scroll {
  overflow-x: auto;
}

table {
  border-collapse: collapse;
  background: var(--surface);
  border: 1px solid var(--line);
  border-radius: 8px;
  margin: 10px 0;
  width: 100%;
}

th,
td {
  text-align: left;
  vertical-align: top;
  padding: 5px 10px;
}

thead th {
  color: var(--muted);
  font-size: 13px;
  font-weight: 600;
  white-space: nowrap;
}

tbody tr > * {
  border-top: 1px solid var(--line);
}

tbody th {
  color: var(--text);
  font-size: 14px;
  font-weight: 400;
  overflow-wrap: anywhere;
  min-width: 220px;
}

.number {
  text-align: right;
  font-variant-numeric: tabular-nums;
}

.state {
  color: var(--tone);
  font-weight: 700;
  white-space: nowrap;
}

.wrong {
  color: var(--invalid);
  font-weight: 700;
}

.told {
  min-width: 240px;
  overflow-wrap: anywhere;
}

.runs {
  display: block;
  font-size: 13px;
}

.failure {
  background: var(--surface);
  border: 1px solid var(--line);
  border-left: 8px solid var(--tone);
  border-radius: 8px;
  padding: 14px 18px;
  margin-bottom: 10px;
}

.failure h3 {
  margin: 0;
  overflow-wrap: anywhere;
}

.failure p {
  white-space: pre-line;
  max-width: 110ch;
  margin: 6px 0;
  overflow-wrap: anywhere;
}

.failure pre {
  background: var(--band);
  border-radius: 6px;
  padding: 8px 12px;
  margin: 6px 0;
  overflow-x: auto;
}
`;
