/** What the index of a sweep looks like, beside the report's own style, whose colours it uses. */
export const SWEEP_STYLE = `
.passed { --tone: var(--valid); }
.failed, .error { --tone: var(--invalid); }
.unknown, .unfinished { --tone: var(--unknown); }

table {
  background: var(--surface);
  border: 1px solid var(--line);
  margin: 10px 0;
}

tbody th {
  color: var(--text);
  font-size: inherit;
  font-weight: 400;
  overflow-wrap: anywhere;
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
  overflow-wrap: anywhere;
}

/* A narrow screen scrolls; paper does not. */
@media screen {
  tbody th {
    min-width: 220px;
  }

  .told {
    min-width: 240px;
  }
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
