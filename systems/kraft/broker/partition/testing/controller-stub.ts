/**
 * As much of a controller as one partition needs: registrations, fencing, elections from the ISR or from those who left it
 * while it was small (KIP-966), and AlterPartition. `systems/kraft/controller` is the real one.
 *
 *     const controller = new ControllerStub([1, 2, 3], 2);
 *     controller.register(1, false); controller.unfence(1);
 *     controller.images.at(-1)  // what a broker that is up to date knows
 */
import { ERROR } from '../../../wire/error-codes.ts';
import type { AlterPartition, AlterPartitionResponse, BrokerView, PartitionState } from '../messages.ts';
import { NO_LEADER } from '../messages.ts';

/** The metadata after one change. */
export interface Image {
  readonly partition: PartitionState;
  readonly brokers: ReadonlyMap<number, BrokerView>;
}

export class ControllerStub {
  /** By change: brokers go through them in order, each at its pace. */
  readonly images: Image[] = [];
  /** Left the ISR while it was below its minimum: they have all that was committed. */
  eligible: readonly number[] = [];
  partition: PartitionState;
  private brokers: ReadonlyMap<number, BrokerView> = new Map();
  private readonly minIsr: number;

  constructor(replicas: readonly number[], minIsr: number) {
    this.minIsr = minIsr;
    this.partition = { leader: NO_LEADER, leaderEpoch: 0, partitionEpoch: 0, replicas, isr: replicas };
    this.publish();
  }

  get isr(): readonly number[] {
    return this.partition.isr;
  }

  /** All who may become leader. */
  get candidates(): readonly number[] {
    return [...this.isr, ...this.eligible];
  }

  broker(id: number): BrokerView | undefined {
    return this.brokers.get(id);
  }

  private publish(): void {
    this.images.push({ partition: this.partition, brokers: this.brokers });
  }

  private setBroker(id: number, view: BrokerView): void {
    this.brokers = new Map([...this.brokers, [id, view]]);
  }

  private isAlive(id: number): boolean {
    return this.brokers.get(id)?.fenced === false;
  }

  /** @param lostData - it may have lost what it had: it is eligible for nothing until it has caught up. @returns its epoch */
  register(id: number, lostData: boolean): number {
    const isFirst = !this.brokers.has(id);
    const brokerEpoch = this.images.length;
    this.setBroker(id, { brokerEpoch, fenced: true, inControlledShutdown: false });
    if (!isFirst) this.leave(id, !lostData);
    this.publish();
    return brokerEpoch;
  }

  unfence(id: number): void {
    const view = this.brokers.get(id);
    if (view?.fenced !== true) return;
    this.setBroker(id, { ...view, fenced: false });
    this.change(this.isr, this.eligible);
    this.publish();
  }

  fence(id: number): void {
    const view = this.brokers.get(id);
    if (view === undefined || view.fenced) return;
    this.setBroker(id, { ...view, fenced: true });
    this.leave(id, true);
    this.publish();
  }

  /** Another member of the ISR leads (a preferred election, say). */
  moveLeader(to: number): void {
    if (!this.isr.includes(to) || !this.isAlive(to) || this.partition.leader === to) return;
    this.change(this.isr, this.eligible, to);
    this.publish();
  }

  private leave(id: number, keepsData: boolean): void {
    const isr = this.isr.filter((member) => member !== id);
    const left = this.isr.includes(id) ? [id] : [];
    const eligible = isr.length < this.minIsr ? [...new Set([...this.eligible, ...left])] : [];
    this.change(isr, keepsData ? eligible : eligible.filter((member) => member !== id));
  }

  private change(isr: readonly number[], eligible: readonly number[], wanted?: number): void {
    const { partition } = this;
    const [leader, newIsr] = this.elect(isr, eligible, wanted ?? partition.leader);
    const isElection = leader !== partition.leader;
    this.eligible = newIsr.length >= this.minIsr ? [] : eligible.filter((member) => !newIsr.includes(member));
    if (!isElection && newIsr.join() === partition.isr.join()) return;
    this.partition = {
      ...partition,
      leader,
      isr: newIsr,
      leaderEpoch: partition.leaderEpoch + (isElection ? 1 : 0),
      partitionEpoch: partition.partitionEpoch + 1,
    };
  }

  private elect(
    isr: readonly number[],
    eligible: readonly number[],
    wanted: number,
  ): [number, readonly number[]] {
    const { replicas } = this.partition;
    if (isr.includes(wanted) && this.isAlive(wanted)) return [wanted, isr];
    const member = replicas.find((id) => isr.includes(id) && this.isAlive(id));
    if (member !== undefined) return [member, isr];
    const other =
      isr.length === 0 ? replicas.find((id) => eligible.includes(id) && this.isAlive(id)) : undefined;
    return other === undefined ? [NO_LEADER, isr] : [other, [other]];
  }

  alterPartition(from: number, brokerEpoch: number, request: AlterPartition): AlterPartitionResponse {
    const { partition } = this;
    const isr = request.isr.map((member) => member.brokerId);
    const refuse = (errorCode: number): AlterPartitionResponse => ({ errorCode, partition: null });
    if (this.broker(from)?.brokerEpoch !== brokerEpoch) return refuse(ERROR.STALE_BROKER_EPOCH);
    if (partition.leader !== from || partition.leaderEpoch !== request.leaderEpoch) {
      return refuse(ERROR.FENCED_LEADER_EPOCH);
    }
    if (partition.partitionEpoch !== request.partitionEpoch) return refuse(ERROR.INVALID_UPDATE_VERSION);
    if (!isr.includes(from) || isr.some((member) => !partition.replicas.includes(member))) {
      return refuse(ERROR.INVALID_REQUEST);
    }
    const mayBe = request.isr.every(
      (member) =>
        this.isAlive(member.brokerId) &&
        (member.brokerEpoch === -1 || member.brokerEpoch === this.broker(member.brokerId)?.brokerEpoch),
    );
    if (!mayBe) return refuse(ERROR.INELIGIBLE_REPLICA);
    const left = this.isr.filter((member) => !isr.includes(member));
    this.change(isr, isr.length < this.minIsr ? [...new Set([...this.eligible, ...left])] : []);
    this.publish();
    return { errorCode: ERROR.NONE, partition: this.partition };
  }
}
