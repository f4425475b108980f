// The mark: a small door in a wall. Drawn in the text's colour, so that it fits light and dark.
export function Logo({ size = 28 }: { readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" display="block">
      <path
        fill="currentColor"
        d="M4 6h4v3h4V6h8v3h4V6h4v20h-8v-7a4 4 0 0 0-8 0v7H4z"
        fillRule="evenodd"
      />
    </svg>
  );
}
