/**
 * A broker's own picture of the cluster: committed records are replayed into an image, and who acts on it is told what changed.
 *
 *     const metadata = new ImageFollower({ nodeId: 1, rules });
 *     metadata.subscribe(({ image, partitions }) => …);
 *     metadata.committed(0, records);      // from the quorum; nobody is told yet
 *     metadata.registered(17);             // from the lifecycle: this boot's epoch; told when offset 17 was replayed
 *
 * A broker that starts replays what it led before it stopped, and would lead it again. So nothing is told until the registration of
 * this very boot is in the image; then all counts as changed. The image is one object that changes: who wants to keep something
 * of it keeps the immutable brokers and partitions.
 */
import { MetadataImage } from '../../controller/metadata-image.ts';
import type { MetadataRecord } from '../../controller/metadata-records.ts';
import type { Rules } from '../../controller/rules.ts';
import type { BrokerMetadata, MetadataChanges } from '../parts.ts';
import { ChangeCollector, changesBetween, everything } from './image-changes.ts';

export interface ImageFollowerOptions {
  readonly nodeId: number;
  readonly rules: Rules;
}

type OnChange = (changes: MetadataChanges) => void;

export class ImageFollower implements BrokerMetadata {
  private readonly nodeId: number;
  private readonly rules: Rules;
  private readonly collector = new ChangeCollector();
  private readonly subscribers: OnChange[] = [];
  private current: MetadataImage;
  private lastOffset = -1;
  private epoch = -1;
  private isTelling = false;

  constructor({ nodeId, rules }: ImageFollowerOptions) {
    this.nodeId = nodeId;
    this.rules = rules;
    this.current = new MetadataImage(rules);
  }

  get image(): MetadataImage {
    return this.current;
  }

  /** Of the last record that was replayed; −1 before the first. */
  get offset(): number {
    return this.lastOffset;
  }

  get brokerEpoch(): number {
    return this.epoch;
  }

  /** Whether this boot's registration was replayed, and subscribers are told. */
  get isCaughtUp(): boolean {
    return this.isTelling;
  }

  /** After the broker caught up, a new subscriber is told of everything in a moment; before, with all others. */
  subscribe(onChange: OnChange): void {
    if (!this.isTelling) {
      this.subscribers.push(onChange);
      return;
    }
    void Promise.resolve().then(() => {
      this.subscribers.push(onChange);
      onChange(everything(this.current, this.lastOffset));
    });
  }

  /** The controller took this broker's registration; the same epoch again does nothing. */
  registered(brokerEpoch: number): void {
    this.epoch = brokerEpoch;
    this.tellIfCaughtUp();
  }

  // Of the quorum

  /** @throws ImpossibleRecordError for what no correct controller wrote */
  committed(baseOffset: number, records: readonly MetadataRecord[]): void {
    if (baseOffset <= this.lastOffset) {
      throw new RangeError(`offset ${baseOffset} was replayed already, up to ${this.lastOffset}`);
    }
    for (const record of records) {
      if (this.isTelling) this.collector.note(this.current, record);
      this.current.apply(record);
    }
    this.lastOffset = baseOffset + records.length - 1;
    if (this.isTelling) this.tell(this.collector.take(this.current, this.lastOffset));
    else this.tellIfCaughtUp();
  }

  /** @throws ImpossibleRecordError */
  loadSnapshot(records: readonly MetadataRecord[], lastOffset: number): void {
    const before = this.current;
    const loaded = new MetadataImage(this.rules);
    for (const record of records) loaded.apply(record);
    this.current = loaded;
    this.lastOffset = lastOffset;
    if (this.isTelling) this.tell(changesBetween(before, loaded, lastOffset));
    else this.tellIfCaughtUp();
  }

  snapshotRecords(): readonly MetadataRecord[] {
    return this.current.toRecords();
  }

  leader(): void {
    // The controller link's business.
  }

  mayAct(): void {
    // The controller's business.
  }

  lost(): void {
    // The controller's business.
  }

  private tellIfCaughtUp(): void {
    if (this.isTelling || this.epoch < 0 || this.lastOffset < this.epoch) return;
    if (this.current.brokers.get(this.nodeId)?.epoch !== this.epoch) return;
    this.isTelling = true;
    this.tell(everything(this.current, this.lastOffset));
  }

  private tell(changes: MetadataChanges | null): void {
    if (changes === null) return;
    for (const onChange of this.subscribers) onChange(changes);
  }
}
