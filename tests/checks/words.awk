# SPDX-License-Identifier: GPL-3.0-or-later
# For words: text as a list of words. A reader of one kind of file calls feed(TEXT, LINE) for each
# line of a paragraph and finish() behind it. Complains about sentences of more than `most` words
# (0: any length) and about the phrases in `banned`, one per line. "`" stands for a piece of code or
# a quotation: one word, which is exempt.

BEGIN {
	n = split(banned, line_of_list, "\n")
	for (i = 1; i <= n; i++) {
		phrase_words = split(tolower(line_of_list[i]), part, " ")
		if (!phrase_words)
			continue
		phrases++
		phrase_length[phrases] = phrase_words
		for (j = 1; j <= phrase_words; j++)
			phrase[phrases, j] = part[j]
		starts[part[1]] = starts[part[1]] " " phrases
	}
}

FNR == 1 { file_starts() }

function file_starts()
{
	finish()
	file = FILENAME
}

# Marks of code and quotations may open in one line and close in the next.
function feed(text, line,    mark, at)
{
	while (1) {
		if (open_mark != "") {
			at = index(text, open_mark)
			if (!at)
				return
			text = substr(text, at + 1)
			open_mark = ""
			add(match(text, /^[^ \t]+/) ? "`" substr(text, 1, RLENGTH) : "`", line)
			if (RLENGTH > 0)
				text = substr(text, RLENGTH + 1)
		}
		if (!match(text, /[`"]/)) {
			add_all(text, line)
			return
		}
		mark = substr(text, RSTART, 1)
		add_all(substr(text, 1, RSTART - 1), line)
		text = substr(text, RSTART + 1)
		open_mark = mark
	}
}

function add_all(text, line,    part, count, i)
{
	count = split(text, part, " ")
	for (i = 1; i <= count; i++)
		add(part[i], line)
}

function add(word, line)
{
	words_of[++length_now] = word
	line_of_word[length_now] = line
}

function finish(    i, size, begins)
{
	for (i = 1; i <= length_now; i++) {
		if (words_of[i] ~ /[A-Za-z0-9`]/ && !size++)
			begins = line_of_word[i]
		if (i < length_now && !ends(words_of[i]))
			continue
		if (most && size > most)
			print file ":" begins ": sentence of " size " words, expected at most " most
		size = 0
	}
	if (phrases)
		judge()
	length_now = 0
	open_mark = ""
}

function ends(word)
{
	return word ~ /[.!?][)*_\]]*$/ && word !~ /^\(?(e\.g|i\.e|cf|vs)\.$/ && word !~ /\.\.\.$/
}

# Words as they are compared: without punctuation around them.
function bare(word)
{
	word = tolower(word)
	gsub(/^[^a-z0-9`]+|[^a-z0-9`]+$/, "", word)
	return word
}

function judge(    i, j, k, count, candidates, c)
{
	for (i = 1; i <= length_now; i++)
		plain[i] = bare(words_of[i])
	for (i = 1; i <= length_now; i++) {
		if (!(plain[i] in starts))
			continue
		count = split(starts[plain[i]], candidates, " ")
		for (j = 1; j <= count; j++) {
			c = candidates[j]
			for (k = 2; k <= phrase_length[c]; k++)
				if (i + k - 1 > length_now || plain[i + k - 1] != phrase[c, k])
					break
			if (k > phrase_length[c])
				print file ":" line_of_word[i] ": \"" text_of(c) \
					"\", expected another word (CONTRIBUTING.md)"
		}
	}
}

function text_of(number,    k, text)
{
	text = phrase[number, 1]
	for (k = 2; k <= phrase_length[number]; k++)
		text = text " " phrase[number, k]
	return text
}
