/** How a link between two nodes misbehaves, in one direction, in every cluster. */
export interface LinkFault {
  /** Absent or zero: not at all; so with all fields. */
  readonly delayMs?: number;
  /** Added to the delay: uniform in [0, jitterMs]. */
  readonly jitterMs?: number;
  readonly lossProbability?: number;
  readonly duplicateProbability?: number;
  /** A chosen message is held back for up to `reorderMs`, so that later ones overtake it. */
  readonly reorderProbability?: number;
  readonly reorderMs?: number;
}
