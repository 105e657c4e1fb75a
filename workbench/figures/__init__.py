"""Panel results as things to look at: view models and Plotly figures.

Pure: it reads nothing, shows nothing and knows no Streamlit.
"""
