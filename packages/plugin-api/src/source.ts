/**
 * What every record of a source has in common: the built-in `path`, `name`, `input`, `host`, and the user's
 * `attributes`. Never changed in place: a change makes a new object, so its identity is a key for caches.
 */
export type Attributes = Readonly<Record<string, string>>;

/** JSON that an input keeps with a position, to recognise the source after a restart. */
export type SourceMeta = Readonly<Record<string, string | number | boolean | null>>;

/**
 * One ordered stream of records with one position: for files, one incarnation of a file's content. The engine makes
 * it ({@link Sources.open}) and owns its position.
 */
export interface Source {
  /** Unique in the data_dir, and kept across restarts. */
  readonly key: number;
  /** Id of the input it belongs to. */
  readonly input: string;
  /** The path it was found at. Stays as it is when the file is renamed, so that one stream keeps its partition. */
  readonly path: string;
  /** Replaced, never changed, when the configuration changes. */
  readonly attributes: Attributes;
  /** The position up to which everything has settled: where reading starts after {@link Sources.open}. */
  readonly position: number;
}

/** A source as it was stored. */
export interface StoredSource {
  readonly key: number;
  readonly path: string;
  readonly position: number;
  readonly meta: SourceMeta;
}

export interface OpenRequest {
  /** The key of a {@link StoredSource} to go on with; without it, a new source. */
  readonly key?: number;
  readonly path: string;
  /** For a new source: where it starts. For a stored one: only to move it elsewhere. */
  readonly position?: number;
  readonly meta: SourceMeta;
  /** What the input knows of every record of the source, such as parts of its path. The user's `attributes` win. */
  readonly attributes?: Attributes;
}

/** How a source ends. */
export type SourceEnd = 'gone' | 'truncated' | 'replaced';

/** The sources of one input. */
export interface Sources {
  /** What is stored for this input and not open. */
  known(): readonly StoredSource[];
  /**
   * Opens sources, new or stored, in the order given. Their start positions are on disk when it returns: call it before
   * the first byte is read, with as many at once as are there (one commit for all).
   */
  open(requests: readonly OpenRequest[]): Source[];
  /** Replaces what is kept to recognise the source. Stored with the next checkpoint. */
  remember(source: Source, meta: SourceMeta): void;
  /** The source is known to be this long by now, in bytes. Cheap: call it whenever a size was seen. What was seen and never read counts as abandoned when the source ends. */
  grown(source: Source, size: number): void;
  /** Tells observers that the source's file now has another path. */
  renamed(source: Source, path: string): void;
  /**
   * No more will be read from it, ever: its stored position goes when all of it has settled.
   * @param size bytes that it had, where what {@link grown} told of it last was not its own any more
   * @param advice added to the warning where bytes of it are lost: why they were not delivered before, and what to do
   */
  end(source: Source, how: SourceEnd, size?: number, advice?: string): void;
}
