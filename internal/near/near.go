// Package near finds the word that was probably meant.
package near

import "strings"

// Of returns the one of the words that is nearest to word: that it begins, or that differs from it in at most two letters (one in words of up to four
// letters; two that changed places are one). "" is none. Case does not matter.
func Of(word string, words []string) string {
	word = strings.ToLower(word)
	if len(word) > 64 || len(word) < 2 {
		return ""
	}
	most := 2
	if len(word) <= 4 {
		most = 1
	}
	best := ""
	for _, other := range words {
		d := distance(word, strings.ToLower(other))
		if len(word) >= 3 && strings.HasPrefix(strings.ToLower(other), word) {
			d = min(d, 1)
		}
		if d <= most && d < len(other) {
			best, most = other, d-1
		}
	}
	return best
}

// distance counts the letters that are put in, left out, changed or swapped with the next one between a and b.
func distance(a, b string) int {
	if len(b) > 64 {
		return len(b)
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
