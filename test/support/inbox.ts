// What a peer under test has received, and waiting for the next of it.
export class Inbox<Item> {
  readonly items: Item[] = [];
  #changed = Promise.withResolvers<void>();

  add(item: Item): void {
    this.items.push(item);
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }

  /** The item at a place (0 is the first), once it has come. */
  async at(place: number): Promise<Item> {
    for (;;) {
      const item = this.items[place];
      if (item !== undefined) return item;
      await this.#changed.promise;
    }
  }

  /** The first item that is so, once it has come. */
  async first(isSo: (item: Item) => boolean): Promise<Item> {
    for (;;) {
      const item = this.items.find(isSo);
      if (item !== undefined) return item;
      await this.#changed.promise;
    }
  }
}
