// The browser's database of this portal: keys that cannot leave it, and what was seen of each site. One small promise face over IndexedDB.
// Invariant: the private half of a key is a non-extractable CryptoKey; nothing here can read its bytes.

const name = "sallyport";
const version = 1;
/** `facts` hold everything of a site by a path as key; `keys` the browser's own key. */
const stores = ["keys", "facts"] as const;
type StoreName = (typeof stores)[number];

let opened: Promise<IDBDatabase> | undefined;

/** The value under a key, or undefined. */
export async function readFact<Value>(store: StoreName, key: string): Promise<Value | undefined> {
  const database = await open();
  return done<Value | undefined>(database.transaction(store).objectStore(store).get(key));
}

/** Keys of a store that begin so, in order. */
export async function factKeys(store: StoreName, prefix: string): Promise<string[]> {
  const database = await open();
  const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
  const keys = await done(database.transaction(store).objectStore(store).getAllKeys(range));
  return keys.map(String);
}

/** Puts what `change` makes of the present value in its place, in one transaction; resolves when it is on the disk. */
export async function changeFact<Value>(
  store: StoreName,
  key: string,
  change: (present: Value | undefined) => Value | undefined,
): Promise<void> {
  const database = await open();
  const transaction = database.transaction(store, "readwrite", { durability: "strict" });
  const objects = transaction.objectStore(store);
  const whole = completed(transaction);
  const next = change(await done<Value | undefined>(objects.get(key)));
  if (next === undefined) objects.delete(key);
  else objects.put(next, key);
  await whole;
}

function open(): Promise<IDBDatabase> {
  opened ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(name, version);
    request.onupgradeneeded = () => {
      for (const store of stores) request.result.createObjectStore(store);
    };
    request.onsuccess = () => {
      // Another tab with a newer page may change the database: it must not wait for this one.
      request.result.onversionchange = () => {
        request.result.close();
        opened = undefined;
      };
      resolve(request.result);
    };
    request.onerror = () => reject(asError(request.error));
    request.onblocked = () => reject(new Error("another tab holds an older database open"));
  }).catch((thrown: unknown) => {
    opened = undefined;
    throw thrown;
  });
  return opened;
}

function done<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(asError(request.error));
  });
}

function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(asError(transaction.error));
    transaction.onerror = () => reject(asError(transaction.error));
  });
}

function asError(error: DOMException | null): Error {
  return error ?? new Error("the browser's database cannot be used");
}
